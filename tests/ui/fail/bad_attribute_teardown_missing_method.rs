use lifecycle::Teardown;

#[lifecycle::resource]
struct Database;

#[lifecycle::teardown]
impl Teardown for Database {}

fn main() {}
