#[lifecycle::main]
async fn start() {}

#[lifecycle::main]
struct Main;

fn main() {}
