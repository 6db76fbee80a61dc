#[lifecycle::resource(order = 1.5, no_teardown = "memory only")]
struct Database;

fn main() {}
