struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(timeout = "5s")]
    pool: Pool,
}

fn main() {}
