#[lifecycle::main(grace = "30s")]
#[lifecycle::main]
async fn main() {}
