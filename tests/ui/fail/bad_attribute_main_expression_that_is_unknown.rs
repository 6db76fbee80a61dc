#[lifecycle::main(grace = GRACE, worker_threads = threads())]
async fn main() {}
