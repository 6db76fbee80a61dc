#[lifecycle::main]
struct Main;

fn main() {}
