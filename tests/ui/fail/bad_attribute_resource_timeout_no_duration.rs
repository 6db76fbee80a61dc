#[lifecycle::resource(timeout = "30 sekunds", no_teardown = "memory only")]
struct Database;

fn main() {}
