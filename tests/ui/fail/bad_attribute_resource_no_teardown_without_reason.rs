#[lifecycle::resource(no_teardown)]
struct Database;

fn main() {}
