#[lifecycle::resource(depends_on(Database, Self), no_teardown = "memory only")]
struct Database;

fn main() {}
