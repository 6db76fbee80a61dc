#[lifecycle::main(signals(Sigint))]
async fn main() {}
