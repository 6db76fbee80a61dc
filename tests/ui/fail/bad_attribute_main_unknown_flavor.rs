#[lifecycle::main(flavor = "async")]
async fn main() {}
