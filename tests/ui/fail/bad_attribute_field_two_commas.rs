struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(close,, blocking)]
    pool: Pool,
}

fn main() {}
