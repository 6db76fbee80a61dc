#[lifecycle::resource(no_teardown = "memory only",)]
struct Trailing;

#[lifecycle::resource()]
struct Empty {
    #[teardown()]
    log: std::fs::File,
    #[teardown(sync_all, blocking,)]
    other: std::fs::File,
}

fn main() {
    let _: fn(Empty) = |empty| drop((empty.log, empty.other));
    let _ = Trailing;
}
