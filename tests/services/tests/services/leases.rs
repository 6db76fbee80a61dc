//! R31: a service that is found through etcd leaves it before its lame duck counts, and gives up a leadership only after
//! the work that the leadership guards. The program is the recipe of the docs.

use std::time::Duration;

use etcd_client::{EventType, WatchOptions, WatchStream};
use libc::{SIGKILL, SIGTERM};
use lifecycle::testing::Client;
use lifecycle_process_tests::{Child, program};
use lifecycle_services_tests::{Etcd, ask, wait_until};

/// Starts the service, and waits until it is registered and leads. Returns its address.
#[track_caller]
fn leading(etcd: &Etcd, grace: &str) -> (Child, String) {
    let mut child = program!("etcd", "").env("ETCD", etcd.address()).grace(grace).lame_duck("2s").start();
    let line = child.wait_for_start("listening on ");
    let address = line.trim_start_matches("listening on ").to_owned();
    wait_until("it leads", || etcd.keys("/shop/nightly/step").len() == 1);
    assert_eq!(etcd.keys("/shop/instances/"), [format!("/shop/instances/{address}")]);
    assert_eq!(etcd.keys("/shop/leader").len(), 1);
    (child, address)
}

fn watch(etcd: &Etcd) -> WatchStream {
    ask(async {
        let options = WatchOptions::new().with_prefix();
        etcd.client().await.watch("/shop/", Some(options)).await.expect("etcd answers")
    })
}

/// Waits for further events. Returns what each does to which key, without the steps of the work.
#[track_caller]
fn events(watch: &mut WatchStream, last: &str) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|event: &String| !event.starts_with(last)) {
        let message = ask(watch.message()).expect("etcd answers").expect("the watch goes on");
        for event in message.events() {
            let key = event.kv().and_then(|kv| kv.key_str().ok()).expect("a key");
            // The name of a candidate is its lease.
            let key = if key.starts_with("/shop/leader/") { "/shop/leader" } else { key };
            let done = if event.event_type() == EventType::Delete { "deleted" } else { "put" };
            if key != "/shop/nightly/step" {
                seen.push(format!("{done} {key}"));
            }
        }
    }
    seen
}

/// Sends one request. Returns the status.
#[track_caller]
fn status_of(address: &str, path: &str) -> u16 {
    Client::request(address.parse().expect("an address"), "GET", path).status
}

#[test]
fn r31_the_key_is_gone_while_requests_are_served_and_the_leadership_after_the_work() {
    let etcd = Etcd::start();
    let (mut child, address) = leading(&etcd, "20s");
    let mut watch = watch(&etcd);
    child.signal(SIGTERM);
    let registration = format!("deleted /shop/instances/{address}");
    assert_eq!(events(&mut watch, &registration), [registration]);
    assert_eq!(status_of(&address, "/"), 200);
    assert_eq!(status_of(&address, "/readyz"), 503);
    let ended = child.stopped();
    // The lame duck is 2 s.
    ended.exited(0).reported(&["Registration at notice"]).not_before(Duration::from_secs(2));
    let then = events(&mut watch, "deleted /shop/leader");
    let expected = ["put /shop/nightly/ended", "deleted /shop/leader"];
    assert_eq!(then, expected, "the work ends under its leadership");
    assert_eq!(etcd.keys("/shop/"), ["/shop/nightly/ended", "/shop/nightly/step"]);
}

#[test]
fn r31_a_process_that_is_killed_leaves_its_keys_to_the_end_of_the_lease() {
    let etcd = Etcd::start();
    let (mut child, _) = leading(&etcd, "20s");
    child.signal(SIGKILL);
    child.stopped().killed_by(SIGKILL);
    assert_eq!(etcd.keys("/shop/instances/").len(), 1, "nobody has removed it");
    let left = || etcd.keys("/shop/instances/").len() + etcd.keys("/shop/leader").len();
    wait_until("the lease has ended", || left() == 0);
}

/// The hook has a fifth of grace, here 1 s. The process is gone within its grace, and says what hung.
#[test]
fn r31_a_registry_that_hangs_holds_up_nothing() {
    let etcd = Etcd::start();
    let (child, _) = leading(&etcd, "5s");
    etcd.freeze();
    let ended = child.stop();
    ended.exited(70).within(Duration::from_secs(5));
    let row = ended.stderr.iter().find(|line| line.contains("Registration at notice")).expect("a row");
    assert!(row.contains("timed out"), "{row}");
}
