use std::sync::Arc;

use lifecycle::Managed;

type Handle = Arc<Managed<Broker>>;

#[lifecycle::resource(no_teardown = "memory only", name = "the broker", depends_on(Audit))]
struct Broker;

#[lifecycle::resource(no_teardown = "memory only")]
struct Audit(Managed<Log>, Option<Managed<Self>>);

#[lifecycle::resource(no_teardown = "memory only")]
struct Log {
    broker: Handle,
}

// Leads into the circle, and is on none.
#[lifecycle::resource(no_teardown = "memory only", depends_on(Broker))]
struct Beside(Managed<Log>);

fn main() {}
