struct Database;

#[lifecycle::teardown]
impl Clone for Database {
    fn clone(&self) -> Self {
        Self
    }
}

#[lifecycle::teardown]
impl Database {
    async fn teardown(&self) {}
}

fn main() {}
