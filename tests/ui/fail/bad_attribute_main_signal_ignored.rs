#[lifecycle::main(signals(SIGTERM, SIGPIPE))]
async fn main() {}
