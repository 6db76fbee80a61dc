//! A field `Managed<B>` that `start` does not take is filled by `start` itself, and `B` needs no `impl Start`.

use lifecycle::{Managed, Start};

#[lifecycle::resource(no_teardown = "memory only")]
struct Cache;

#[lifecycle::resource(no_teardown = "memory only")]
struct Orders {
    cache: Managed<Cache>,
    other: Option<Managed<Cache>>,
}

#[lifecycle::start]
impl Start for Orders {
    async fn start() -> Orders {
        Orders { cache: lifecycle::manage(Cache), other: None }
    }
}

#[lifecycle::main]
async fn main(orders: Managed<Orders>) {
    let _: &Cache = &orders.cache;
    assert!(orders.other.is_none());
}
