#[lifecycle::main(signals(SIGFOO))]
async fn main() {}
