#[lifecycle::resource(no_teardown = "memory only")]
#[lifecycle::resource(no_teardown = "memory only")]
struct Twice;

fn main() {}
