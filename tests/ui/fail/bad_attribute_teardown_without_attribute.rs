use lifecycle::Teardown;

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    pool: Pool,
}

impl Teardown for Database {
    async fn teardown(&self) {
        self.pool.close().await;
    }
}

#[lifecycle::resource]
struct Generic<T> {
    pool: Pool,
    value: T,
}

impl<T: Send + Sync + 'static> Teardown for Generic<T> {
    async fn teardown(&self) -> Result<(), String> {
        Ok(self.pool.close().await)
    }
}

fn main() {}
