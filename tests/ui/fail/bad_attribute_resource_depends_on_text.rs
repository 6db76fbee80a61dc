#[lifecycle::resource(no_teardown = "memory only")]
struct Unit;

#[lifecycle::resource(depends_on("Unit"), no_teardown = "memory only")]
struct Database;

fn main() {}
