struct Database;

impl Database {
    #[lifecycle::teardown]
    async fn close(&self) {}
}

fn main() {}
