#[lifecycle::resource(order, no_teardown = "memory only")]
struct Database;

fn main() {}
