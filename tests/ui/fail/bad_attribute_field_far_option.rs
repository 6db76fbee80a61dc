struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(close, quickly)]
    pool: Pool,
}

fn main() {}
