struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(,)]
    pool: Pool,
}

fn main() {}
