#[lifecycle::main(signals(SIGSEGV, SIGBUS, SIGFPE, SIGILL))]
async fn main() {}
