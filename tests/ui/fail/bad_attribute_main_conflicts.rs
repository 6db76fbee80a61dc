#[lifecycle::main(grace = "5s", lame_duck = "5s", flavor = "current_thread", worker_threads = 2)]
async fn main() {}
