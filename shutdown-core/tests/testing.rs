//! The kit of `lifecycle::testing` finds what it is for: each lost request, and each process that is left behind.

#![cfg(all(unix, feature = "testing", not(loom)))]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lifecycle::assert_lost;
use lifecycle::testing::{Client, Ledger, Load, Outcome, Place, Placed, Program, Service, Tally};

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

/// Returns the file in which `act` panics.
#[track_caller]
fn panics_in<T>(act: impl FnOnce() -> T) -> String {
    static HOOK: std::sync::Once = std::sync::Once::new();
    thread_local! {
        static FILE: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    }
    HOOK.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            FILE.set(info.location().map(|place| place.file().to_owned()).unwrap_or_default());
            next(info);
        }));
    });
    panics(act);
    FILE.take()
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

/// The role of a service that is ready some time after its start, without `lifecycle`.
#[test]
fn notifies() {
    if is_service("notifies") {
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let manager = std::env::var_os("NOTIFY_SOCKET").expect("the test is the service manager");
        socket.send_to(b"STATUS=warming up", &manager).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        socket.send_to(b"READY=1\nSTATUS=warm", &manager).unwrap();
        std::thread::sleep(Duration::from_secs(600));
    }
}

#[test]
fn a_service_is_ready_when_it_tells_systemd() {
    let mut service = this_test("notifies").ready_by_systemd().start();
    let told = service.notifications();
    assert_eq!(told[..2], ["STATUS=warming up", "READY=1"]);
    service.terminate();
    service.stopped().killed_by(15);
}

/// The port is one that the service has chosen. Logs have a time and colours before the text, and may be on stderr.
#[test]
fn the_address_is_read_from_a_line_of_the_service() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for line in [
        format!("echo 'listening at {address}'"),
        format!("echo 'listening at http://{address}/ with 2 workers' >&2"),
        format!(
            "echo hello; sleep 0.05; printf '\\033[2m2026-11-28\\033[0m INFO listening at {address}\\033[0m\\n'"
        ),
        format!("echo '{{\"message\":\"listening at {address}\"}}' >&2"),
    ] {
        let service = sh(&format!("{line}; exec sleep 600")).prints_address("listening at ").start();
        assert_eq!(service.socket_address(), address, "{line}");
    }
    let message = panics(|| sh("echo 'listening at home'").prints_address("listening at ").start());
    assert!(message.starts_with("`home` after `listening at ` is not an address\n"), "{message}");
    let message = panics(|| sh("echo hello >&2").prints_address("listening at ").start());
    assert_eq!(message, "it never said `listening at `\n--- stdout\n\n--- stderr\nhello");
    let message = panics(|| sh("exec sleep 600").start().socket_address());
    assert!(message.starts_with("the program has no address: configure `address(..)`"), "{message}");
}

#[test]
fn a_service_that_reloads_goes_on_after_a_hang_up() {
    let mut service =
        sh("trap 'echo reloaded' HUP; trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done")
            .ready_at_line("ready")
            .start();
    service.hang_up();
    service.wait_for("reloaded");
    service.hang_up();
    service.terminate();
    service.stopped().exited(3).left_nothing_behind();
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

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

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
                    if stream.write_all(ANSWER).is_err() {
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
            message.starts_with("1 request was lost, not 0: ") && message.contains("closed without"),
            "{message}"
        );
        assert!(message.contains("` closed without a response: read"), "{message}");
    }
}

#[test]
fn the_one_lost_request_of_another_protocol_is_found() {
    for new_connections in [false, true] {
        let clients = Load::on(server_that_loses(500)).clients(10).bytes(b"PING\r\n", ANSWER);
        let load = if new_connections { clients.new_connections() } else { clients }.start();
        load.wait_for_answers(999);
        let tally = load.finish();
        assert_eq!((tally.lost(), tally.count(Outcome::Empty)), (1, 1), "{tally}");
        let message = panics(|| assert_lost!(tally, 0));
        assert!(message.contains(": `PING` closed without a response: read"), "{message}");
    }
    let load = Load::on(server_that_loses(0)).clients(1).bytes(b"PING\r\n", b"+PONG\r\n").start();
    while load.tally().requests() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let tally = load.finish();
    assert_eq!(tally.count(Outcome::Wrong), tally.requests(), "{tally}");
}

/// Each connection has one read at the server, so that the two halves have two answers. The first one counts.
#[test]
fn placed_bytes_have_the_answer_of_their_protocol() {
    let outcomes = |answer: &[u8], loses| {
        let mut placed = Placed::at(server_that_loses(loses)).expecting(answer);
        placed.bytes("half a command", 3, b"PI", b"NG\r\n");
        placed.finish()
    };
    outcomes(ANSWER, 0).all_answered(3);
    assert_eq!(outcomes(b"+PONG\r\n", 0).count(Outcome::Wrong), 3);
    assert_eq!(outcomes(ANSWER, 1).lost_at("half a command"), 1);
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
fn a_load_sends_its_method_and_its_body() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 1_024];
        while let Ok(length @ 1..) = connection.read(&mut request) {
            let request = String::from_utf8_lossy(&request[..length]);
            let length = request.len();
            let _ = write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{request}");
        }
    });
    let load = Load::on(address).clients(1).path("/orders").method("PUT").body("one espresso");
    let load = load.check(|_, response| {
        let expected = "PUT /orders HTTP/1.1\r\nHost: test\r\nContent-Length: 12\r\n\r\none espresso";
        if response.text() == expected { Ok(None) } else { Err(response.text()) }
    });
    let load = load.start();
    load.wait_for_answers(2);
    assert_lost!(load.finish(), 0);
    assert!(panics(|| drop(Load::on(address).method("HEAD"))).contains("a load cannot send `HEAD`"));
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

/// The message of a failed test begins with the line of the test that failed.
#[test]
fn a_panic_of_the_kit_names_the_line_of_the_test() {
    let closing = || Client::connect(server_that_loses(1));
    let nobody = Place::LOOPBACK.port();
    for (place, file) in [
        ("connect", panics_in(|| Client::connect(nobody))),
        ("request", panics_in(|| Client::request(nobody, "GET", "/"))),
        ("response", panics_in(|| closing().get("/").response())),
        ("head", panics_in(|| closing().get("/").head())),
        ("chunk", panics_in(|| closing().get("/").chunk())),
        ("bytes", panics_in(|| closing().get("/").bytes(1))),
        ("start", panics_in(|| Program::new("/there/is/no/such/program").start())),
        ("run", panics_in(|| sh("exit 0").ready_at_line("ready").run())),
        ("exited", panics_in(|| sh("exit 1").run().exited(0).status)),
        ("report", panics_in(|| sh("exit 0").run().report().status)),
        ("assert_lost", panics_in(|| assert_lost!(Tally::default(), 0))),
    ] {
        assert!(file.ends_with("tests/testing.rs"), "{place}: {file}");
    }
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
    // A handler that does not read the body would answer a request of half a body.
    let slow = |_body: String| async {
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

/// The losses of each place are counted, and the message of the assertion names each place.
#[test]
fn the_losses_of_a_few_lines_of_axum_are_reported() {
    let (load, placed, stopped) = stopped_under_load("bare_axum");
    stopped.killed_by(15);
    assert!(load.lost_except(&[Outcome::Refused]) > 0, "{load}");
    assert_eq!((placed.lost(), placed.requests()), (26, 26), "{placed}");
    let expected = [("half a head", 3), ("half a body", 3), ("in the accept queue", 20)];
    for (place, count) in expected {
        assert_eq!(placed.lost_at(place), count, "{place}: {placed}");
    }
    let mut all = placed;
    all.add(load);
    let message = panics(|| assert_lost!(all, 0, except = [Outcome::Refused]));
    for (place, _) in expected {
        assert!(message.contains(&format!("\n  {place}: ")), "{message}");
    }
    assert!(message.contains("\n  after ") && message.contains(": `/` "), "{message}");
    assert_eq!(all.lost_at("half a head"), 3);
    // The service does not use `lifecycle`.
    let message = panics(|| stopped.report().status);
    assert!(
        message.starts_with("it wrote no report, because it does not use `lifecycle`, or ended before")
            && message.contains("listening at http://"),
        "{message}"
    );
}

/// The message has each different failure once, and says how many more there were.
#[test]
fn many_losses_are_a_short_message() {
    let refused = Place::LOOPBACK.port();
    let mut placed = Placed::at(refused);
    for place in 0..10 {
        placed.requests(&format!("place {place}"), 3, "/");
    }
    let message = panics(|| assert_lost!(placed.finish(), 0));
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "30 requests were lost, not 0: 30 requests, 30 not answered, 30 refused");
    assert_eq!(
        (lines[1], lines[8], lines[9]),
        ("  place 0: refused (3 times)", "  place 7: refused (3 times)", "  6 more refused")
    );
    assert_eq!(lines.len(), 10);
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
        assert_eq!((tally.lost_at(place), tally.lost_at("elsewhere")), (1, 0));
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
    // The route takes GET.
    let puts =
        Load::on(service.socket_address()).http2().clients(1).method("PUT").body("one espresso").start();
    while puts.tally().requests() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let puts = puts.finish();
    assert_eq!(puts.count(Outcome::Status(405)), puts.requests(), "{puts}");
    service.terminate();
    service.stopped().exited(0);
    assert_lost!(load.finish(), 0, except = [Outcome::Refused]);
    assert_eq!(Client::ask_once(server_that_loses(1), "/"), Outcome::Empty);
}
