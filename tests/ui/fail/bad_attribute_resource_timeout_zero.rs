#[lifecycle::resource(timeout = "0s", no_teardown = "memory only")]
struct Database;

fn main() {}
