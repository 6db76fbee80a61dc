//! A program whose resources come from two crates and from generic types.

use lifecycle::{Managed, Teardown};
use lifecycle_other_crate::Ledger;

#[lifecycle::resource]
struct Cache<T> {
    /// A dependency that the registry does not list.
    ledger: Managed<Ledger>,
    value: T,
}

#[lifecycle::teardown]
impl<T: Send + Sync + 'static> Teardown for Cache<T> {
    async fn teardown(&self) {
        println!("cache closed");
    }
}

#[lifecycle::resource(order = 3)]
struct Front {
    cache: Managed<Cache<u8>>,
}

#[lifecycle::teardown]
impl Teardown for Front {
    async fn teardown(&self) {
        println!("front closed");
    }
}

#[lifecycle::main(flavor = "current_thread")]
async fn main() {
    println!("main runs");
    let ledger = lifecycle::manage(Ledger::default());
    let cache = lifecycle::manage(Cache { ledger, value: 7 });
    let front = lifecycle::manage(Front { cache });
    assert!(front.cache.value == 7 && lifecycle::remaining().is_none());
    drop(front.cache.ledger.clone());
    tokio::task::yield_now().await;
}
