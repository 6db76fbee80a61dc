struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(async move |pool| pool.close().await)]
    pool: Pool,
}

fn main() {}
