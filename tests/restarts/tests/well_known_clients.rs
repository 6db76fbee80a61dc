//! The clients that everybody has: `ab -k` (HTTP/1.0), curl, wrk and h2load. Each one sends while the service is stopped
//! many times, with a lame duck and without one, and none of its requests fails.
//!
//! The listener belongs to this process, so that a client is never refused: a new connection waits for an instance. A
//! request has failed if its client says so: it received no response, half a response, or a status other than 200.

use std::net::SocketAddr;
use std::time::Duration;

use lifecycle_process_tests::{Child, Ended, Program};
use lifecycle_restart_tests::{Connections, Load, Place, Service, installed, only, rounds, service, stop};

const LAME_DUCKS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(300)];

/// Two clients of this process, whose responses tell the test when to go on.
fn pace(address: SocketAddr) -> Load {
    Connections::Kept.to(address).clients(2).start()
}

/// Runs the client again and again, until an instance was stopped 2 times (20 in the long run) while it ran. `check`
/// looks at the end of each run.
#[track_caller]
fn through_stops(client: impl Fn(SocketAddr) -> Program, check: impl Fn(&Ended)) {
    for lame_duck in LAME_DUCKS {
        let listener = Place::own().listener();
        let address = listener.local_addr().expect("it is bound");
        let service: Service = service!().lame_duck(lame_duck);
        let mut instance = service.start_with(&listener);
        let pace = pace(address);
        let mut run: Option<Child> = None;
        let mut stops = 0;
        while stops < rounds(2, 20) {
            let mut running = run.take().unwrap_or_else(|| client(address).start());
            pace.wait_for_answers(50);
            let next = service.start_with(&listener);
            stop(instance);
            instance = next;
            if running.is_over() {
                check(&running.stopped());
                continue;
            }
            stops += 1;
            pace.wait_for_answer_of(instance.pid());
            run = Some(running);
        }
        if let Some(run) = run {
            check(&run.stopped());
        }
        only(&pace.finish(), &[], "the pace");
    }
}

/// Requires a line that contains each of `parts`.
#[track_caller]
fn says(ended: &Ended, parts: &[&str]) {
    let said = ended.stdout.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(said, "expected {parts:?}: {ended:?}");
}

#[track_caller]
fn does_not_say(ended: &Ended, part: &str) {
    assert!(!ended.stdout.iter().any(|line| line.contains(part)), "unexpected `{part}`: {ended:?}");
}

/// `ab` ends with an error at the first reset, and compares the length of each response.
#[test]
fn no_request_of_ab_fails() {
    let ab = |address: SocketAddr| {
        let program = Program::new(installed("ab", "apache2-utils")).args(["-k", "-q"]);
        program.args(["-c", "16"]).args(["-n", "5000"]).arg(format!("http://{address}/fixed"))
    };
    through_stops(ab, |ended| {
        ended.exited(0);
        says(ended, &["Complete requests:", "5000"]);
        says(ended, &["Failed requests:", " 0"]);
        does_not_say(ended, "Non-2xx");
    });
}

#[test]
fn no_request_of_curl_fails() {
    let curl = |address: SocketAddr| {
        let program =
            Program::new(installed("curl", "curl")).args(["--http1.1", "-sS"]).args(["--fail", "-Z"]);
        let program = program.args(["--parallel-max", "8"]).args(["-o", "/dev/null"]);
        program.args(["-w", "%{http_code}\\n"]).arg(format!("http://{address}/fixed?[1-1000]"))
    };
    through_stops(curl, |ended| {
        ended.exited(0);
        let answered = ended.stdout.iter().filter(|line| *line == "200").count();
        assert_eq!((answered, ended.stdout.len()), (1000, 1000), "{ended:?}");
    });
}

/// `wrk` prints a line about errors only if there are some.
#[test]
fn no_request_of_wrk_fails() {
    let wrk = |address: SocketAddr| {
        let program = Program::new(installed("wrk", "wrk")).args(["-t1", "-c16"]).arg("-d2s");
        program.arg(format!("http://{address}/fixed"))
    };
    through_stops(wrk, |ended| {
        ended.exited(0);
        says(ended, &["requests in"]);
        does_not_say(ended, "Socket errors");
        does_not_say(ended, "Non-2xx");
    });
}

/// Over HTTP/2, h2load opens no further connection after GOAWAY: `behind_haproxy` has that.
#[test]
fn no_request_of_h2load_over_http1_fails() {
    through_stops(
        |address| {
            let program = Program::new(installed("h2load", "nghttp2-client")).args(["--h1", "-c"]).arg("8");
            program.args(["-n", "5000"]).arg(format!("http://{address}/fixed"))
        },
        |ended| {
            ended.exited(0);
            says(ended, &["5000 done", "5000 succeeded", " 0 failed", " 0 errored", " 0 timeout"]);
        },
    );
}
