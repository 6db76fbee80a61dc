#[lifecycle::main]
#[tokio::test]
async fn main() {}
