use lifecycle::Teardown;

#[lifecycle::resource]
struct Database;

#[lifecycle::teardown(close)]
impl Teardown for Database {
    async fn teardown(&self) {}
}

fn main() {}
