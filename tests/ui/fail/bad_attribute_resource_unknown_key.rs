#[lifecycle::resource(priority = 1, no_teardown = "memory only")]
struct Database;

fn main() {}
