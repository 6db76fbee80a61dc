#[lifecycle::resource("last", no_teardown = "memory only")]
struct Database;

fn main() {}
