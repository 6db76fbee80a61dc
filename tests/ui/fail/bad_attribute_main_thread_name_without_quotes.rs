#[lifecycle::main(thread_name = shop)]
async fn main() {}
