//! An idle service. Its optional argument is the number of resources that it manages.

use lifecycle::Teardown;

#[lifecycle::resource]
struct Store;

#[lifecycle::teardown]
impl Teardown for Store {
    async fn teardown(&self) {}
}

#[lifecycle::main]
async fn main() {
    let resources = std::env::args().nth(1).map_or(0, |count| count.parse().expect("a count"));
    for _ in 0..resources {
        lifecycle::manage(Store);
    }
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
}
