use lifecycle::Teardown;

#[lifecycle::resource]
struct Database;

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self, force: bool) {
        let _ = force;
    }
}

fn main() {}
