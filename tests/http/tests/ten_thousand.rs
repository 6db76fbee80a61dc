//! Ten thousand idle connections do not delay the exit. This test has a separate binary, so that no other
//! test runs at the same time.

use std::time::{Duration, Instant};

use lifecycle_http_tests::{
    Client, Clients, Fixture, Outcome, peak_memory, program, raise_open_files, start,
};

const IDLE: usize = 10_000;
const ACTIVE: usize = 50;

/// The limit for the time from the last response to the exit. On a quiet machine the exit takes at most 50
/// ms, which the soak run and the benchmark check. Other builds may share the processors of this test. The
/// bound still detects an exit that waits, because the shortest wait is 1 s (`HALF` of the drain).
const BOUND: Duration = Duration::from_secs(1);

#[test]
fn ten_thousand_idle_connections_and_fifty_at_work() {
    // Each of the two processes holds one end of each connection, and some dozens of other files.
    raise_open_files((IDLE + ACTIVE + 500) as u64);
    let mut server = start(program!("http_multi", "http").grace("60s"));
    let mut idle: Vec<Client> = (0..IDLE).map(|_| server.connect()).collect();
    for batch in idle.chunks_mut(500) {
        for client in &mut *batch {
            client.get("/");
        }
        for client in batch {
            assert_eq!(client.outcome(), Outcome::Answered);
        }
    }
    let active = server.at_work(ACTIVE);
    let memory = peak_memory(server.pid());
    server.terminate();
    let stopped = Instant::now();
    idle.all_closed();
    let closed = stopped.elapsed();
    server.go();
    for mut client in active {
        assert_eq!(client.outcome(), Outcome::AnsweredLast);
        // The client closes after the response that announced the last one.
        drop(client);
    }
    let answered = server.since_asked();
    let ended = server.stopped();
    let exit = ended.took - answered;
    println!("{}", ended.stderr.join("\n"));
    println!(
        "{IDLE} idle connections closed in {closed:?}; gone {exit:?} after the last answer; {memory} bytes"
    );
    ended.exited(0).not_reported("note:").not_reported("cut off");
    assert!(exit < BOUND, "{exit:?}");
}
