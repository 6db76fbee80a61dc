//! The service under the real systemd. These tests run only in the long run. They need root, and a machine that can run a
//! separate manager.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lifecycle::testing::Client;
use lifecycle_process_tests::{Folder, soak, wait_until};
use lifecycle_restart_tests::{Connections, Manager, Outcome, Place, Tally, installed, only, service};

/// How often a service is restarted, killed or told to reload.
const ROUNDS: usize = 20;

/// The lines of a service that listens at `address`, and further ones.
fn notifying(address: SocketAddr, more: &str) -> String {
    let program = service!().path();
    format!(
        "Type=notify\nExecStart=\"{program}\" \"listen {address}\"\nExecReload=/bin/kill -HUP $MAINPID\n\
         Environment=LIFECYCLE_GRACE=20s\nTimeoutStopSec=25\nRestart=always\nRestartSec=100ms\n{more}"
    )
}

/// Starts the service with further lines in its unit. Only the long run has systemd.
#[track_caller]
fn started(more: &str) -> Option<(SocketAddr, Manager)> {
    soak().then(|| {
        let address = Place::own().port();
        let mut manager = Manager::of_service(&notifying(address, more));
        manager.control("start");
        (address, manager)
    })
}

/// Starts a request, which is answered later.
#[track_caller]
fn ask(address: SocketAddr, path: &str) -> Client {
    let mut client = Client::connect(address);
    client.get(path);
    client
}

/// Returns the body of the response, which may take longer than the client's time-out.
#[track_caller]
fn answer(mut client: Client) -> String {
    let response = client.try_response().or_else(|outcome| match outcome {
        Outcome::TimedOut => client.try_response(),
        other => Err(other),
    });
    let response = response.unwrap_or_else(|outcome| panic!("no response: {outcome}"));
    assert_eq!(response.status, 200);
    response.text()
}

fn restarts_by_its_socket_lose_nothing(clients: Connections) {
    let address = Place::own().port();
    let program = service!().path();
    let service =
        format!("[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\"{program}\" \"listen {address}\"\n");
    let mut manager = Manager::start(&[
        ("restarted.socket", format!("[Socket]\nListenStream={address}\n")),
        ("restarted.service", service),
    ]);
    manager.start_unit("restarted.socket");
    loses_nothing(manager, clients, address, "behind a socket of systemd");
}

/// Restarts the service many times under load.
#[track_caller]
fn loses_nothing(mut manager: Manager, clients: Connections, address: SocketAddr, scenario: &str) {
    let load = clients.to(address).start();
    for _ in 0..ROUNDS {
        load.wait_for_answers(200);
        manager.control("restart");
    }
    load.wait_for_answers(200);
    let tally = load.finish();
    manager.stop();
    only(&tally, &[], &format!("{scenario}, {clients:?} connections"));
    assert_eq!(tally.instances(), ROUNDS + 1, "each restart is a new process");
}

/// The two restarts run in sequence, because each one starts a manager.
#[test]
fn restarts_of_a_service_with_a_socket_unit_lose_no_request() {
    if soak() {
        restarts_by_its_socket_lose_nothing(Connections::Kept);
        restarts_by_its_socket_lose_nothing(Connections::New);
    }
}

const STORE: &str = "FileDescriptorStoreMax=4\nEnvironment=FDSTORE=4\n";

/// Kills the service under load, and returns the outcomes.
fn killed(more: &str) -> Tally {
    let (address, mut manager) = started(more).expect("the long run");
    let load = Connections::New.to(address).start();
    let mut pid = manager.pid();
    for _ in 0..ROUNDS {
        load.wait_for_answer_of(pid);
        manager.control("kill --signal=KILL");
        pid = manager
            .wait_until("MainPID", |now| now != "0" && now != pid.to_string())
            .parse()
            .expect("a number");
    }
    load.wait_for_answer_of(pid);
    let tally = load.finish();
    manager.stop();
    assert_eq!(tally.instances(), ROUNDS + 1, "each restart is a new process");
    tally
}

/// A request that the killed process has accepted is lost. No client is refused.
#[test]
fn r37_a_service_with_a_store_that_is_killed_refuses_nobody() {
    if soak() {
        let killed = killed(STORE);
        only(&killed, &[Outcome::Reset, Outcome::Empty, Outcome::Cut], "killed, with a store");
    }
}

/// The control of the test above.
#[test]
fn r37_a_service_without_a_store_that_is_killed_refuses_clients() {
    if soak() {
        let killed = killed("");
        println!("killed, without a store: {killed}");
        assert!(killed.count(Outcome::Refused) > 0, "{killed}");
    }
}

#[test]
fn r37_restarts_of_a_service_with_a_store_lose_no_request() {
    for clients in [Connections::Kept, Connections::New] {
        let Some((address, manager)) = started(STORE) else { return };
        loses_nothing(manager, clients, address, "restarted, with a store");
    }
}

/// Returns the unit file of the example `checkout`, for another program.
fn unit_of_the_example(program: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/checkout/systemd/checkout.service");
    let unit = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let starts = |line: &&str| line.starts_with("ExecStart=");
    let start = unit.lines().find(starts).expect("it starts a program");
    unit.replace(start, &format!("ExecStart={program}"))
}

/// systemd warns of a key that it ignores, and accepts the file all the same.
#[test]
fn systemd_accepts_the_unit_file_of_the_example_without_a_warning() {
    if soak() {
        let folder = Folder::new();
        let path = folder.path("checkout.service");
        std::fs::write(&path, unit_of_the_example("/bin/true")).expect("a file");
        let verified =
            Command::new(installed("systemd-analyze", "systemd")).arg("verify").arg(&path).output();
        let verified = verified.expect("it is executable");
        assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");
    }
}

/// The settings of the file, with the service of these tests as the program.
#[test]
fn r37_restarts_with_the_unit_file_of_the_example_lose_no_request() {
    if soak() {
        let address = Place::own().port();
        let unit = unit_of_the_example(&format!("\"{}\" \"listen {address}\"", service!().path()));
        // A user manager has no dynamic users.
        let mut manager = Manager::start(&[("restarted.service", unit.replace("DynamicUser=yes", ""))]);
        manager.control("start");
        let load = Connections::New.to(address).start();
        for _ in 0..3 {
            load.wait_for_answers(200);
            manager.control("restart");
        }
        load.wait_for_answers(200);
        only(&load.finish(), &[], "restarted, with the unit file of the example");
        manager.stop();
    }
}

/// systemd drops the store at the end of a stop, and the address is free.
#[test]
fn r37_a_stop_frees_the_address() {
    let Some((address, mut manager)) = started(STORE) else { return };
    assert_eq!(manager.show("NFileDescriptorStore"), "1");
    manager.control("stop");
    assert_eq!(manager.show("Result"), "success");
    manager.wait_until("NFileDescriptorStore", |stored| stored == "0");
    std::net::TcpListener::bind(address).expect("the address is free");
    manager.stop();
}

/// systemd 252 forgets the status of a unit that is inactive. `tests/process` looks at the last one.
#[test]
fn r37_the_status_is_told_before_and_during_a_stop() {
    let Some((address, mut manager)) = started("") else { return };
    assert_eq!(manager.show("ActiveState"), "active", "`systemctl start` returns when the service is ready");
    assert_eq!(manager.wait_until("StatusText", |status| !status.is_empty()), "running");
    let slow = ask(address, "/slow/8");
    assert_eq!(answer(ask(address, "/reloads")), "0", "the slow request has been read");
    manager.control("stop --no-block");
    let status = manager.wait_until("StatusText", |status| status.starts_with("draining: "));
    assert!(status.contains("left"), "{status}");
    println!("the status during the drain: {status}");
    assert_eq!(manager.show("ActiveState"), "deactivating");
    assert_eq!(answer(slow), "at last");
    manager.wait_until("ActiveState", |state| state == "inactive");
    manager.stop();
}

#[test]
fn r37_a_reload_under_load_refuses_nobody_and_is_answered() {
    let Some((address, mut manager)) = started("") else { return };
    let load = Connections::New.to(address).start();
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        load.wait_for_answers(100);
        let begun = Instant::now();
        manager.control("reload");
        wait_until("the reload is answered", || answer(ask(address, "/reloads")) == round.to_string());
        times.push(begun.elapsed());
    }
    let tally = load.finish();
    manager.wait_until("ActiveState", |state| state == "active");
    manager.stop();
    times.sort();
    let (half, longest) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    println!("{ROUNDS} reloads took {half:?} (median) to {longest:?}, from `systemctl reload` to its effect");
    only(&tally, &[], "told to reload");
    assert_eq!(tally.instances(), 1);
}

#[test]
fn r37_a_reload_that_takes_a_while_is_seen() {
    let Some((_, mut manager)) = started("Environment=RELOAD_MS=2000\n") else { return };
    manager.control("reload --no-block");
    manager.wait_until("StatusText", |status| status == "reloading");
    assert_eq!(manager.show("ActiveState"), "reloading");
    manager.wait_until("ActiveState", |state| state == "active");
    assert_eq!(manager.show("StatusText"), "running");
    manager.stop();
}

#[test]
fn r37_the_watchdog_restarts_a_service_whose_runtime_hangs() {
    let Some((address, mut manager)) = started("WatchdogSec=2\n") else { return };
    let pid = manager.pid();
    let hung = ask(address, "/hang");
    manager.wait_until("NRestarts", |restarts| restarts == "1");
    drop(hung);
    assert_ne!(manager.pid(), pid);
    manager.wait_until("ActiveState", |state| state == "active");
    assert_eq!(answer(ask(address, "/reloads")), "0");
    manager.stop();
}

/// The drain is thirty times as long as the watchdog's time.
#[test]
fn r37_the_watchdog_does_not_fire_in_a_long_drain() {
    let more = "WatchdogSec=2\nEnvironment=LIFECYCLE_GRACE=80s\nTimeoutStopSec=85\n";
    let Some((address, mut manager)) = started(more) else { return };
    let slow = ask(address, "/slow/60");
    assert_eq!(answer(ask(address, "/reloads")), "0", "the slow request has been read");
    manager.control("stop --no-block");
    assert_eq!(answer(slow), "at last");
    manager.wait_until("ActiveState", |state| state == "inactive");
    assert_eq!(manager.show("Result"), "success");
    manager.stop();
}

/// Stops a service that gets 1 s from systemd, while requests of these lengths are in progress. Returns the result.
fn stopped_in_spite_of_its_time_out(seconds: impl Iterator<Item = u32>) -> (String, Duration) {
    let more = "Environment=LIFECYCLE_GRACE=50s\nTimeoutStopSec=1\nRestart=no\n";
    let (address, mut manager) = started(more).expect("the long run");
    let slow: Vec<Client> = seconds.map(|seconds| ask(address, &format!("/slow/{seconds}"))).collect();
    assert_eq!(answer(ask(address, "/reloads")), "0", "the slow requests have been read");
    let begun = Instant::now();
    manager.control("stop --no-block");
    manager.wait_until("ActiveState", |state| state == "inactive" || state == "failed");
    let took = begun.elapsed();
    drop(slow);
    let result = manager.show("Result");
    manager.stop();
    (result, took)
}

#[test]
fn r37_a_stop_with_progress_extends_the_time_out_of_systemd() {
    if soak() {
        let (result, took) = stopped_in_spite_of_its_time_out((0..=30).step_by(3));
        println!(
            "with a request that ends every 3 s, a stop took {took:?} of a TimeoutStopSec of 1 s: {result}"
        );
        assert_eq!(result, "success");
        assert!(took > Duration::from_secs(20), "{took:?}");
    }
}

/// The control of the test above.
#[test]
fn r37_a_stop_without_progress_is_ended_by_systemd() {
    if soak() {
        let (result, took) = stopped_in_spite_of_its_time_out([45].into_iter());
        println!("without progress a stop took {took:?} of a TimeoutStopSec of 1 s: {result}");
        assert_eq!(result, "timeout");
    }
}
