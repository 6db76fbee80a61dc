#[lifecycle::teardown(close)]
struct Database;

fn main() {}
