struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(close, 7)]
    pool: Pool,
}

fn main() {}
