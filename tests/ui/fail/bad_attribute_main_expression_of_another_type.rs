const GRACE: u64 = 30;
const LAME_DUCK: &str = "5s";
const FLAVOR: &str = "current_thread";
const REPORT: bool = true;

fn threads() -> u32 {
    4
}

#[lifecycle::main(
    grace = GRACE,
    lame_duck = LAME_DUCK,
    flavor = FLAVOR,
    worker_threads = threads(),
    max_blocking_threads = threads() * 2,
    report = REPORT
)]
async fn main() {}
