#[lifecycle::main(lame_duck = "25s")]
async fn main() {}
