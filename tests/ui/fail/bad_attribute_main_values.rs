#[lifecycle::main(grace = "0s", lame_duck = "1 week and a day", worker_threads = "4", signals = "SIGTERM", flavor = 1)]
async fn main() {}
