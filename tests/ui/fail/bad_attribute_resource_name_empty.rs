#[lifecycle::resource(name = "", no_teardown = "memory only")]
struct Database;

fn main() {}
