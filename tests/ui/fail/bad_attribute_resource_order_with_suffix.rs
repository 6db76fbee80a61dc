#[lifecycle::resource(order = 2u8, no_teardown = "memory only")]
struct Database;

fn main() {}
