struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(skip = "only read", blocking)]
    pool: Pool,
}

fn main() {}
