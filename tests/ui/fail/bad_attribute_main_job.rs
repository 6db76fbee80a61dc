#[lifecycle::main(job, lame_duck = "1s", signals(9), grace = "10s", grace = "20s")]
async fn main() {}
