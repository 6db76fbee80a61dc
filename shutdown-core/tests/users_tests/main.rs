//! What a test of a service's own code meets: which code is inside of a lifecycle, which faults reach the test, and values
//! that hold a handle.

mod detached;
mod inside;
mod loud;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{Lifecycle, Managed, Teardown};

/// The names of the instances that were torn down, in order.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<&'static str>>>);

impl Trace {
    fn add(&self, what: &'static str) {
        self.0.lock().expect("the trace").push(what);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("the trace"))
    }
}

#[lifecycle::resource]
struct Database(Trace);

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.0.add("database");
    }
}

#[lifecycle::resource]
struct Orders {
    database: Managed<Database>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {
        self.database.0.add("orders");
    }
}

fn second() -> Lifecycle {
    Lifecycle::builder().grace(Duration::from_secs(1)).build()
}

/// Returns the text of a panic.
fn text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a panic with a text")
}
