#[lifecycle::main(grace = "5s", lame_duck = "5s")]
async fn main() {}
