#[lifecycle::resource(timeout = "250ms", no_teardown = "memory only")]
struct Milliseconds;

#[lifecycle::resource(timeout = "1m 30s", no_teardown = "memory only")]
struct Both;

#[lifecycle::resource(timeout = "1h", no_teardown = "memory only")]
struct Hour;

fn main() {
    let _ = (Milliseconds, Both, Hour);
}
