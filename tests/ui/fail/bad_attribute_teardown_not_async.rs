use lifecycle::Teardown;

#[lifecycle::resource]
struct Database;

#[lifecycle::teardown]
impl Teardown for Database {
    fn teardown(&self) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
