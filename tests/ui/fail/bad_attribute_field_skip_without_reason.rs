struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(skip)]
    pool: Pool,
}

fn main() {}
