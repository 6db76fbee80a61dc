#[lifecycle::main(
    grase = "30s",
    lame_duck = "25s",
    flavor = "current",
    worker_threads = 0,
    job = true,
    report = "jsn",
    signals(SIGTERM, Sigint, SIGKILL, SIGSEGV, SIGTERM, SIGFOO),
)]
async fn main() {}
