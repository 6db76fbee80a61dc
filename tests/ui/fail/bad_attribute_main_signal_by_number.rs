#[lifecycle::main(signals(9))]
async fn main() {}
