#[lifecycle::main(thread_name = "")]
async fn main() {}
