#[lifecycle::resource(name = 7, no_teardown = "memory only")]
struct Database;

fn main() {}
