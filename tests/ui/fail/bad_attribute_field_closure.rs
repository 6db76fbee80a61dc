struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(|pool| pool.close())]
    pool: Pool,
}

fn main() {}
