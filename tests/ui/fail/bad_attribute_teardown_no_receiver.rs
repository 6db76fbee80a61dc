use lifecycle::Teardown;

#[lifecycle::resource]
struct Database;

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown() {}
}

fn main() {}
