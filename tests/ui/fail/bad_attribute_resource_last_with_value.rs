#[lifecycle::resource(last = true, no_teardown = "memory only")]
struct Database;

fn main() {}
