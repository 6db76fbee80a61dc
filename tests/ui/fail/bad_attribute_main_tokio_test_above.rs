#[tokio::test]
#[lifecycle::main]
async fn main() {}
