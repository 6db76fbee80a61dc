//! The future of a readiness check is `Send`.

use std::future::ready;
use std::rc::Rc;

use lifecycle::resource;

#[resource(no_teardown = "a test", ready = ping)]
struct Database;

impl Database {
    async fn ping(&self) -> bool {
        let here = Rc::new(());
        ready(()).await;
        drop(here);
        true
    }
}

fn main() {}
