//! The kit of `lifecycle::testing` finds what it is for: each lost request, and each process that is left behind.

#![cfg(all(unix, feature = "testing", not(loom)))]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lifecycle::assert_lost;
use lifecycle::testing::{Client, Ledger, Load, Outcome, Placed, Program, Service, Tally};

/// The variable that makes a test of this file a service: the test program starts itself.
const ROLE: &str = "LIFECYCLE_KIT_ROLE";

/// Configures `test` of this file as a program of its own.
fn this_test(test: &str) -> Program {
    let program = Program::new(std::env::current_exe().expect("this program has a path"));
    program.arg(test).arg("--exact").arg("--nocapture").env(ROLE, test)
}

fn is_service(test: &str) -> bool {
    std::env::var_os(ROLE).is_some_and(|role| role == test)
}

fn sh(script: &str) -> Program {
    Program::new("sh").arg("-c").arg(script)
}

/// Returns the message of the panic of `act`.
#[track_caller]
fn panics<T>(act: impl FnOnce() -> T) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).err().expect("it panics");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

/// A child, a child in a session of its own, and an orphan in a session of its own. Each prints its id, and ignores
/// SIGTERM and SIGHUP.
const FAMILY: &str = "trap '' TERM HUP; \
    sh -c 'echo pid $$; exec sleep 600' & \
    setsid sh -c 'echo pid $$; exec sleep 600' & \
    (setsid sh -c 'echo pid $$; sleep 600 & echo pid $!; exec sleep 600' &); \
    echo pid $$; wait";

/// Starts the family, and returns the ids of all.
#[track_caller]
fn family() -> (Service, Vec<String>) {
    let mut service = sh(FAMILY).start();
    let until = Instant::now() + Duration::from_secs(30);
    while service.stdout().len() < 5 {
        let over = service.is_over();
        service.expect(Instant::now() < until && !over, "it does not start its children");
        std::thread::sleep(Duration::from_millis(2));
    }
    let pids =
        service.stdout().iter().map(|line| line.strip_prefix("pid ").expect("an id").to_owned()).collect();
    assert!(!service.is_over());
    (service, pids)
}

fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z")
}

#[test]
fn a_service_that_is_dropped_leaves_no_child_and_no_orphan() {
    let (service, pids) = family();
    assert!(pids.iter().all(|pid| runs(pid)));
    drop(service);
    let left: Vec<_> = pids.iter().filter(|pid| runs(pid)).collect();
    assert!(left.is_empty(), "{left:?} still run");
}

#[test]
fn a_test_that_panics_leaves_no_child_and_no_orphan() {
    let pids = Mutex::new(Vec::new());
    let message = panics(|| {
        let (service, all) = family();
        *pids.lock().unwrap() = all;
        service.expect(false, "the test fails");
    });
    assert!(message.starts_with("the test fails\n--- stdout\npid "), "{message}");
    let pids = pids.into_inner().unwrap();
    assert!(!pids.is_empty() && !pids.iter().any(|pid| runs(pid)), "{pids:?}");
}

/// The role of a test whose process is killed: it has a service, on a thread that has ended.
#[test]
fn is_killed() {
    if is_service("is_killed") {
        let (service, pids) = std::thread::spawn(family).join().unwrap();
        println!("\nfamily {}", pids.join(" "));
        std::thread::sleep(Duration::from_secs(600));
        drop(service);
    }
}

#[test]
fn a_test_that_is_killed_leaves_no_child_and_no_orphan() {
    // The outer guardian adopts what the inner one leaves, so that only the inner one can end the family in time.
    let mut test = this_test("is_killed").start();
    let pids = test.wait_for_start("family ");
    let pids: Vec<&str> = pids.split(' ').collect();
    assert!(pids.len() == 5 && pids.iter().all(|pid| runs(pid)), "{pids:?}");
    // SIGKILL to the test alone.
    test.signal(9);
    let until = Instant::now() + Duration::from_secs(30);
    while pids.iter().any(|pid| runs(pid)) {
        assert!(Instant::now() < until, "the family outlives the test");
        std::thread::sleep(Duration::from_millis(2));
    }
    test.stopped().killed_by(9);
}

#[test]
fn what_a_service_leaves_behind_is_named_and_killed() {
    let stopped = sh("setsid sleep 600 & echo pid $!; sleep 0.1").run();
    stopped.exited(0);
    assert_eq!(stopped.left_behind, ["sleep"]);
    let pid = stopped.stdout[0].strip_prefix("pid ").unwrap();
    assert!(!runs(pid));
    let message = panics(|| stopped.left_nothing_behind().exited(0));
    assert!(message.starts_with("these still ran: [\"sleep\"]; it ended after "), "{message}");
}

#[test]
fn each_end_has_its_status() {
    sh("exit 0").run().exited(0).left_nothing_behind();
    sh("exit 70").run().exited(70);
    sh("kill -SEGV $$").run().killed_by(11);
    for (end, signal) in [
        (Service::terminate as fn(&mut Service), 15),
        (Service::interrupt, 2),
        (Service::hang_up, 1),
        (Service::kill, 9),
    ] {
        let mut service = sh("echo ready; exec sleep 600").ready_at_line("ready").start();
        end(&mut service);
        let stopped = service.stopped();
        stopped.killed_by(signal);
        assert!(stopped.report.is_none());
    }
}

#[test]
fn the_arguments_and_the_times_of_a_stop_reach_the_program() {
    let script = r#"echo "$*"; echo "grace $LIFECYCLE_GRACE, lame duck $LIFECYCLE_LAME_DUCK""#;
    let program = sh(script).args(["sh", "one", "two words"]).grace("3s").lame_duck("1s");
    program.run().exited(0).said(&["one two words", "grace 3s, lame duck 1s"]);
}

#[test]
fn a_stop_sends_sigterm_and_waits_for_the_end() {
    let script = "trap 'sleep 0.2; echo stopped; exit 4' TERM; echo ready; while :; do sleep 0.01; done";
    let stopped = sh(script).ready_at_line("ready").start().stop();
    stopped.exited(4).said(&["ready", "stopped"]).not_before(Duration::from_millis(200));
}

#[test]
fn a_program_that_does_not_exist_is_an_error_at_the_start() {
    let message = panics(|| Program::new("/there/is/no/such/program").start());
    assert!(message.starts_with("cannot start /there/is/no/such/program: No such file"), "{message}");
}

#[test]
fn a_program_that_is_never_ready_is_an_error_with_its_output() {
    let message = panics(|| sh("echo hello; echo sorry >&2").ready_at_line("ready").start());
    assert_eq!(message, "it never said `ready`\n--- stdout\nhello\n--- stderr\nsorry");
    let silent = sh("exec sleep 600").patience(Duration::from_millis(50));
    assert_eq!(
        panics(|| silent.ready_by_systemd().start()),
        "it never sent `READY=1`\n--- stdout\n\n--- stderr\n"
    );
    let message = panics(|| sh("exec sleep 600").patience(Duration::from_millis(50)).start().stopped());
    assert_eq!(message, "it does not end\n--- stdout\n\n--- stderr\n");
}

#[test]
fn a_frozen_service_does_nothing_until_it_is_thawed() {
    let mut service = sh("while read line; do echo $line; done").piped_stdin().start();
    service.tell("one");
    service.wait_for("one");
    service.freeze();
    service.tell("two");
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(service.stdout(), ["one"]);
    service.thaw();
    service.wait_for("two");
}

/// A device that never ends is not read.
#[test]
fn a_report_file_that_is_a_device_has_no_report() {
    let stopped = sh("exit 0").env("LIFECYCLE_REPORT", "/dev/full").run();
    assert!(stopped.exited(0).report.is_none());
}

#[test]
fn the_report_on_stderr_is_read() {
    let line = lifecycle_report();
    let stopped = sh("echo noise >&2; echo \"$LINE\" >&2").env("LINE", line.trim()).run();
    let report = stopped.report();
    assert_eq!((report.status, &*report.reason), (0, "`main` ended"));
    lifecycle::assert_clean!(report);
    lifecycle::assert_torn_down!(report, ["journal"]);
}

fn lifecycle_report() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = lifecycle::Lifecycle::builder().run(async {
        lifecycle::defer("journal", async || {});
    });
    runtime.block_on(report).to_json()
}

/// A server on threads that closes the connection in place of the response number `loses`.
fn server_that_loses(loses: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let count = std::sync::Arc::new(Mutex::new(0));
        for mut stream in listener.incoming().map_while(Result::ok) {
            let count = std::sync::Arc::clone(&count);
            std::thread::spawn(move || {
                let mut request = [0; 1024];
                while let Ok(1..) = stream.read(&mut request) {
                    let mut count = count.lock().unwrap();
                    *count += 1;
                    if *count == loses {
                        return;
                    }
                    drop(count);
                    if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn the_one_lost_request_of_a_thousand_is_found() {
    for new_connections in [false, true] {
        let address = server_that_loses(500);
        let clients = Load::on(address).clients(10).pause(Duration::from_millis(1));
        let clients = clients.paths(|client, request| format!("/{client}/{request}"));
        // The server reads `Connection: close` nowhere, so that a client of new connections sends one request for each.
        let load = if new_connections { clients.per_second(20_000) } else { clients }.start();
        load.wait_for_answers(999);
        let tally = load.finish();
        assert!(tally.requests() >= 1_000, "{tally}");
        assert_eq!((tally.lost(), tally.count(Outcome::Empty)), (1, 1), "{tally}");
        let message = panics(|| assert_lost!(tally, 0));
        assert!(
            message.starts_with("1 requests were lost, not 0: ") && message.contains("closed without"),
            "{message}"
        );
        assert!(message.contains("` closed without a response: read"), "{message}");
    }
}

#[test]
fn a_load_at_a_rate_keeps_the_rate() {
    let address = server_that_loses(0);
    let load = Load::on(address).clients(4).per_second(200).start();
    let begun = Instant::now();
    load.wait_for_answers(60);
    // The 60th request is sent 295 ms after the first one. A loaded machine sends it later.
    assert!(begun.elapsed() >= Duration::from_millis(280), "{:?}", begun.elapsed());
    assert_lost!(load.finish(), 0);
}

/// A server may close an idle connection. Only a request that was sent can be lost.
#[test]
fn a_connection_that_is_closed_between_two_requests_is_not_a_loss_of_a_load_at_a_rate() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 1_024];
            // The client may keep the connection, which is closed right after the response.
            if connection.read(&mut head).is_ok_and(|length| length > 0) {
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        }
    });
    let load = Load::on(address).clients(1).per_second(50).start();
    load.wait_for_answers(10);
    assert_lost!(load.finish(), 0);
}

#[test]
fn a_response_to_another_request_is_wrong() {
    let load = Load::on(server_that_loses(0)).clients(1).path("/mine");
    let load = load.check(|asked, response| match response.text() {
        text if text == asked.path => Ok(None),
        text => Err(format!("`{text}` for {}", asked.path)),
    });
    let load = load.start();
    while load.tally().requests() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let tally = load.finish();
    assert_eq!(tally.count(Outcome::Wrong), tally.requests());
    let message = panics(|| assert_lost!(tally, 0));
    assert!(message.contains("`/mine` went wrong: `ok` for /mine"), "{message}");
}

#[test]
fn no_request_at_all_is_not_a_success() {
    let message = panics(|| assert_lost!(Tally::default(), 0));
    assert_eq!(message, "no request was sent, so that nothing could be lost");
}

#[test]
fn a_ledger_with_a_lost_or_a_repeated_message_fails() {
    let mut ledger = Ledger::new();
    ledger.sent(0..1_000_u64);
    ledger.handled((0..1_000).filter(|id| *id != 7));
    assert_eq!(panics(|| ledger.each_once()), "1000 sent, 1 lost (7)");
    ledger.handled([7]);
    ledger.each_once();
    ledger.handled([7]);
    assert_eq!(panics(|| ledger.each_once()), "1000 sent, 1 repeated (7)");
    ledger.handled([1_000]);
    assert_eq!((ledger.lost(), ledger.unknown()), (vec![], vec![1_000]));
}

/// A service as many are before they know of their stop: SIGTERM ends it in the middle of each request.
#[test]
fn bare_axum() {
    if is_service("bare_axum") {
        run(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            println!("\nlistening at http://{}", listener.local_addr().unwrap());
            axum::serve(listener, slow_router()).await.unwrap();
        });
    }
}

/// The same routes in a server that is stopped.
#[cfg(feature = "http")]
#[test]
fn axum_with_lifecycle() {
    if is_service("axum_with_lifecycle") {
        let status = lifecycle::Process::new().run(async {
            let listener = lifecycle::net::listen("127.0.0.1:0").await.unwrap();
            println!("\nlistening at http://{}", lifecycle::net::Listener::address(&listener));
            lifecycle::defer("journal", async || {});
            lifecycle::http::serve(listener, slow_router()).await.unwrap();
        });
        assert_eq!(format!("{status:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    }
}

fn slow_router() -> axum::Router {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        "ok"
    };
    axum::Router::new().route("/", axum::routing::get(slow).post(slow))
}

fn run(service: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(service);
}

/// Stops a service under load and with placed requests. Returns the outcomes of the load and of the placed requests.
#[track_caller]
fn stopped_under_load(test: &str) -> (Tally, Tally, lifecycle::testing::Stopped) {
    let mut service = this_test(test).prints_address("listening at ").ready_at_probe("/").start();
    let load = Load::on(service.socket_address()).start();
    load.wait_for_answers(50);
    let mut placed = Placed::at(service.socket_address());
    placed.half_heads(3, "/");
    placed.half_bodies(3, "/");
    service.freeze();
    placed.requests("in the accept queue", 20, "/");
    service.terminate();
    service.thaw();
    let placed = placed.finish();
    (load.finish(), placed, service.stopped())
}

#[test]
fn the_losses_of_a_few_lines_of_axum_are_reported() {
    let (load, placed, stopped) = stopped_under_load("bare_axum");
    stopped.killed_by(15);
    assert!(load.lost_except(&[Outcome::Refused]) > 0, "{load}");
    assert_eq!((placed.lost(), placed.requests()), (26, 26), "{placed}");
}

#[test]
fn each_loss_has_the_name_of_its_place() {
    for (place, put) in [
        ("half a head", (|placed| placed.half_heads(1, "/")) as fn(&mut Placed)),
        ("half a body", |placed| placed.half_bodies(1, "/")),
        ("in the lame duck", |placed| placed.requests("in the lame duck", 1, "/")),
    ] {
        let mut placed = Placed::at(server_that_loses(1));
        put(&mut placed);
        let tally = placed.finish();
        let message = panics(|| assert_lost!(tally, 0));
        assert!(message.contains(&format!("\n  {place}: ")), "{message}");
    }
}

#[cfg(feature = "http")]
#[test]
fn the_same_lines_with_lifecycle_lose_nothing() {
    let (load, placed, stopped) = stopped_under_load("axum_with_lifecycle");
    stopped.exited(0).left_nothing_behind();
    assert_lost!(load, 0, except = [Outcome::Refused]);
    assert_lost!(placed, 0);
    let report = stopped.report();
    assert_eq!(
        (report.status, &*report.instances[0].name, &*report.instances[0].outcome),
        (0, "journal", "ok")
    );
    assert!(report.reason.starts_with("SIGTERM"), "{report}");
}

#[cfg(feature = "http2")]
#[test]
fn a_load_of_http2_is_answered_and_counted() {
    let program = this_test("axum_with_lifecycle").prints_address("listening at ").ready_at_probe("/");
    let mut service = program.start();
    let load = Load::on(service.socket_address()).http2().pause(Duration::from_millis(5)).start();
    load.wait_for_answers(100);
    service.terminate();
    service.stopped().exited(0);
    assert_lost!(load.finish(), 0, except = [Outcome::Refused]);
    assert_eq!(Client::ask_once(server_that_loses(1), "/"), Outcome::Empty);
}
