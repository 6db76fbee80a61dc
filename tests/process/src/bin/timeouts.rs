//! A program whose declared time-outs need 2 s, one after the other.

use lifecycle::Managed;

#[lifecycle::resource(timeout = "1s", no_teardown = "only its time-out counts")]
struct Below;

#[lifecycle::resource(timeout = "1s", no_teardown = "only its time-out counts")]
struct Above {
    below: Managed<Below>,
}

#[lifecycle::main(flavor = "current_thread", grace = "10s")]
async fn main() {
    println!("main runs");
    let below = lifecycle::manage(Below);
    let above = lifecycle::manage(Above { below });
    let Below = &*above.below;
    tokio::task::yield_now().await;
}
