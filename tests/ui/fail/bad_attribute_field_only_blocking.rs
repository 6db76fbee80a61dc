struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(blocking)]
    pool: Pool,
}

fn main() {}
