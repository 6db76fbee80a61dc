#[lifecycle::resource(order = 3000000000, no_teardown = "memory only")]
struct Database;

fn main() {}
