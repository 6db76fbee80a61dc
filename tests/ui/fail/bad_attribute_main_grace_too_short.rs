#[lifecycle::main(grace = "9ms")]
async fn main() {}
