//! Values that no lifecycle manages, for unit tests.

use std::sync::Arc;

use lifecycle::{Deferred, Managed, Teardown};

use super::{Database, Orders, Trace, second};

fn detached(trace: &Trace) -> Managed<Database> {
    Managed::detached(Database(trace.clone()))
}

#[test]
fn a_detached_value_needs_no_lifecycle_and_no_runtime() {
    let trace = Trace::default();
    let orders = Managed::detached(Orders { database: detached(&trace) });
    orders.database.0.add("used");
    let clone = orders.clone();
    drop(orders);
    clone.database.0.add("used by the clone");
    drop(clone);
    assert_eq!(trace.take(), ["used", "used by the clone"], "nobody tears it down");
}

#[test]
fn a_detached_value_is_dropped_with_its_last_handle() {
    #[lifecycle::resource(no_teardown = "a test")]
    struct Held(#[expect(dead_code, reason = "only dropped")] Arc<()>);
    let held = Arc::new(());
    let one = Managed::detached(Held(Arc::clone(&held)));
    let other = one.clone();
    drop(one);
    assert_eq!(Arc::strong_count(&held), 2);
    drop(other);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn a_release_of_a_detached_value_does_nothing() {
    let trace = Trace::default();
    detached(&trace).release().await.expect("nothing can fail");
    let report = second().run(detached(&trace).release()).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.take(), [""; 0]);
}

/// R1: no edge leads to a value outside of the plan.
#[tokio::test(start_paused = true)]
async fn a_detached_value_is_in_no_plan() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            let outside = detached(&trace);
            let inside = lifecycle::manage(Database(trace.clone()));
            inside.depends_on(&outside);
            outside.depends_on(&inside);
            outside.depends_on(&detached(&trace));
            let deferred = trace.clone();
            Deferred::new("deferred").uses(&outside).run(move || async move { deferred.add("deferred") });
            lifecycle::manage(Orders { database: outside });
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.instances.len(), 3, "{report}");
    // `Orders` comes before every managed `Database` by its type, as ever. The rest is not ordered.
    let torn_down = trace.take();
    assert_eq!((torn_down.len(), torn_down[2]), (3, "database"), "{torn_down:?}");
}

/// R1: a handle of another lifecycle's instance names no instance of this one.
#[tokio::test(start_paused = true)]
async fn an_instance_of_another_lifecycle_orders_nothing() {
    #[lifecycle::resource]
    struct Plain(Trace);

    #[lifecycle::teardown]
    impl Teardown for Plain {
        async fn teardown(&self) {
            self.0.add("plain");
        }
    }

    let (ours, theirs) = (second(), second());
    let trace = Trace::default();
    // The second instance of each. A number that only counts within one lifecycle would be the same for both.
    drop(theirs.manage(Database(Trace::default())));
    let foreign = theirs.manage(Database(Trace::default()));
    let slow = ours.manage(Database(trace.clone()));
    let plain = ours.manage(Plain(trace.clone()));
    slow.depends_on(&foreign);
    foreign.depends_on(&plain);
    let deferred = trace.clone();
    Deferred::new("deferred").uses(&foreign).run_in(&ours, move || async move { deferred.add("deferred") });
    let report = ours.run(async {}).await;
    assert!(report.is_clean(), "{report}");
    // All three begin at once, in the order of their names.
    assert_eq!(trace.take(), ["plain", "deferred", "database"]);
    assert!(theirs.run(async {}).await.is_clean());
}
