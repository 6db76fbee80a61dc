#[lifecycle::main(report = json)]
async fn main() {}
