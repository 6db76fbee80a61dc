#[lifecycle::main]
async fn start() {}

fn main() {}
