#[lifecycle::main(job, lame_duck = "1s")]
async fn main() {}
