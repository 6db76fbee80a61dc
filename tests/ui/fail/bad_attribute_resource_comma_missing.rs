#[lifecycle::resource(order = 2 timeout = "5s", no_teardown = "memory only")]
struct Database;

fn main() {}
