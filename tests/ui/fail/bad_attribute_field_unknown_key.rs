struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(skp = "only read")]
    pool: Pool,
}

fn main() {}
