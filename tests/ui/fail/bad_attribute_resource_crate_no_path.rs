#[lifecycle::resource(crate = "lifecycle", no_teardown = "memory only")]
struct Database;

fn main() {}
