use lifecycle::teardown;

struct Pool;

impl Pool {
    fn close(&self) {}
}

#[lifecycle::resource]
#[derive(Default)]
struct Database {
    #[cfg(any())]
    #[teardown(close)]
    gone: Missing,
    #[cfg_attr(all(), teardown(close))]
    pool: Option2,
    #[cfg_attr(all(), cfg_attr(all(), teardown(close)), doc = "text")]
    nested: Option2,
}

#[derive(Default)]
struct Option2;

impl Option2 {
    fn close(&self) {}
}

#[lifecycle::resource]
struct Own;

#[teardown]
impl lifecycle::Teardown for Own {
    async fn teardown(&self) {
        Pool.close();
    }
}

fn main() {
    let database = Database::default();
    let _ = (database.pool, database.nested, Own);
}
