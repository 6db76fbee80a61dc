const GRACE: std::time::Duration = std::time::Duration::from_secs(30);

#[lifecycle::main(grace = GRACE lame_duck = "5s")]
async fn main() {}
