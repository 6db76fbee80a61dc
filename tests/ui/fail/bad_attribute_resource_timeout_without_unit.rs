#[lifecycle::resource(timeout = 5, no_teardown = "memory only")]
struct Database;

fn main() {}
