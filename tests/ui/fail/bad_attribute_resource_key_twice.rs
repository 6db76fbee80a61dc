#[lifecycle::resource(timeout = "5s", timeout = "6s", no_teardown = "memory only")]
struct Database;

fn main() {}
