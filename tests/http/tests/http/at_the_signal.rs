//! Requests that the kernel holds at the signal are answered (R18). They wait in the accept queue and on idle
//! connections.
//!
//! `idle=0` turns off the linger, which could keep an idle connection open by chance. The server must then
//! look into the socket.

use std::net::SocketAddr;
use std::sync::mpsc;

use lifecycle_http_tests::{
    Client, Clients, Fixture, Outcome, PATIENCE, Program, Server, Tally, get, program, raise_open_files,
    servers, soak, start,
};

const COUNT: usize = 200;

fn runs() -> usize {
    if soak() { 50 } else { 5 }
}

/// Requires that every client is answered, that each connection closes cleanly after its response, and that
/// the report is clean.
#[track_caller]
fn all_answered(server: Server, mut clients: Vec<Client>) {
    clients.all_answered();
    clients.all_closed();
    server.stopped().exited(0).not_reported("note:");
}

#[test]
fn who_stands_in_the_accept_queue_is_answered() {
    for mut server in servers!("http idle=0") {
        server.freeze();
        let clients = server.ask(COUNT, "/");
        server.terminate_and_thaw();
        all_answered(server, clients);
    }
}

/// A process can stop in the middle of the accept queue for any time. Examples are a migrated virtual machine
/// and an overloaded machine.
#[test]
fn who_stands_in_the_accept_queue_is_answered_by_a_process_that_stood_still() {
    for mut server in servers!("http idle=0") {
        raise_open_files(5_000);
        server.freeze();
        let mut clients = server.ask(2_000, "/");
        server.terminate_and_thaw();
        // The server is in the middle of the queue when it answers the first client.
        assert!(matches!(clients[0].outcome(), Outcome::Answered | Outcome::AnsweredLast));
        server.freeze();
        // A drain without work takes less than this time.
        std::thread::sleep(std::time::Duration::from_millis(1200));
        server.thaw();
        clients.remove(0);
        all_answered(server, clients);
    }
}

/// The client connects before the signal and sends its request after the drain has begun.
#[test]
fn who_stands_in_the_accept_queue_may_send_a_moment_later() {
    for mut server in servers!("http idle=2000") {
        server.freeze();
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
        server.terminate_and_thaw();
        server.drains();
        clients.all_get("/");
        let tally = clients.outcomes();
        // Each response announces that it is the last one.
        assert_eq!(tally.count(Outcome::AnsweredLast), COUNT, "{tally}");
        drop(clients);
        server.stopped().exited(0);
    }
}

#[test]
fn keep_alive_requests_that_are_all_in_the_kernel_are_answered() {
    for mut server in servers!("http idle=0") {
        let mut clients = (0..COUNT).map(|_| server.connect_and_use()).collect::<Vec<_>>();
        server.freeze();
        clients.all_get("/");
        server.terminate_and_thaw();
        all_answered(server, clients);
    }
}

/// The runtime learns of the drain first. Only the kernel knows of the requests.
#[test]
fn keep_alive_requests_that_the_runtime_has_not_heard_of_are_answered() {
    for (program, threads) in
        [(program!("http_multi", "http idle=0"), 2), (program!("http_current", "http idle=0"), 1)]
    {
        let mut server = start(program);
        let mut clients = (0..COUNT).map(|_| server.connect_and_use()).collect::<Vec<_>>();
        for thread in 0..threads {
            clients.push(server.busy(&format!("/block/{thread}")));
        }
        clients[..COUNT].all_get("/");
        server.terminate_and_drain();
        server.go();
        all_answered(server, clients);
    }
}

fn keep_alive_requests_with_the_signal(program: impl Fn() -> Program) {
    for _ in 0..runs() {
        let mut server = start(program());
        let mut clients = (0..COUNT).map(|_| server.connect_and_use()).collect::<Vec<_>>();
        clients.all_get("/");
        server.terminate();
        all_answered(server, clients);
    }
}

#[test]
fn keep_alive_requests_written_with_the_signal_are_answered_multi_thread() {
    keep_alive_requests_with_the_signal(|| program!("http_multi", "http idle=0"));
}

#[test]
fn keep_alive_requests_written_with_the_signal_are_answered_current_thread() {
    keep_alive_requests_with_the_signal(|| program!("http_current", "http idle=0"));
}

/// With the default settings, many of the connections linger.
#[test]
fn keep_alive_requests_written_with_the_signal_are_answered_with_a_linger() {
    keep_alive_requests_with_the_signal(|| program!("http_multi", "http"));
}

/// Clients connect and send while the signal is on its way. Each client that the kernel accepts is answered.
/// The last look into the queue and the close of the listener are microseconds apart, and clients connect in
/// between.
#[test]
fn who_connects_with_the_signal_is_answered_or_told_that_nobody_listens() {
    raise_open_files(15_000);
    for at in 0..2 * runs() {
        // A client thread may have to wait for a processor between connect and send. The linger is therefore
        // long.
        let mut server = start(match at % 2 {
            0 => program!("http_multi", "http idle=10000"),
            _ => program!("http_current", "http idle=10000"),
        });
        let (connected, under_way) = mpsc::channel();
        let floods: Vec<_> = (0..4)
            .map(|_| {
                let (address, connected) = (server.socket_address(), connected.clone());
                std::thread::spawn(move || flood(address, &connected))
            })
            .collect();
        for _ in 0..COUNT {
            under_way.recv_timeout(PATIENCE).expect("they connect before the stop");
        }
        server.terminate();
        for flood in floods {
            let tally = flood.join().expect("a thread that counts");
            let answered = tally.count(Outcome::Answered) + tally.count(Outcome::AnsweredLast);
            tally.all_answered(answered);
        }
        server.stopped().exited(0);
    }
}

/// Opens connections until the server no longer listens, and tallies their outcomes. Reports each connection
/// to the test through `connected`.
fn flood(address: SocketAddr, connected: &mpsc::Sender<()>) -> Tally {
    let mut clients = Vec::new();
    // The limit leaves enough descriptors for the connections of all threads.
    while clients.len() < 2_000 {
        let client =
            Client::try_connect(address).and_then(|mut client| client.try_send(&get("/")).map(|()| client));
        if matches!(client, Err(Outcome::Refused)) {
            break;
        }
        clients.push(client);
        // The test drops the receiver after the flood has begun.
        let _ = connected.send(());
    }
    clients
        .into_iter()
        .map(|client| client.map_or_else(|outcome| outcome, |mut client| client.outcome()))
        .collect()
}
