#[lifecycle::resource(order 2, no_teardown = "memory only")]
struct Database;

fn main() {}
