#[lifecycle::resource(depends_on(), no_teardown = "memory only")]
struct Database;

fn main() {}
