//! Requests that the kernel holds at the signal are answered (R18). They wait in the accept queue and on idle
//! connections.
//!
//! `idle=0` turns off the linger, which could keep an idle connection open by chance. The server must then
//! look into the socket.

use std::net::SocketAddr;
use std::sync::mpsc;

use lifecycle_http_tests::{
    Client, Outcome, PATIENCE, Program, Server, Tally, both_flavours, get, program, raise_open_files, soak,
};

const COUNT: usize = 200;

fn runs() -> usize {
    if soak() { 50 } else { 5 }
}

fn outcomes(clients: &mut [Client]) -> Tally {
    clients.iter_mut().map(Client::outcome).collect()
}

/// Requires that every client is answered, that each connection closes cleanly after its response, and that
/// the report is clean.
#[track_caller]
fn all_answered(server: Server, mut clients: Vec<Client>) {
    outcomes(&mut clients).all_answered(clients.len());
    for client in &mut clients {
        client.closed();
    }
    server.stopped().exited(0).not_reported("note:");
}

#[test]
fn who_stands_in_the_accept_queue_is_answered() {
    for program in both_flavours!("http idle=0") {
        let mut server = Server::start(program);
        server.child.freeze();
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.get("/");
        }
        server.stop();
        server.child.thaw();
        all_answered(server, clients);
    }
}

/// A process can stop in the middle of the accept queue for any time. Examples are a migrated virtual machine
/// and an overloaded machine.
#[test]
fn who_stands_in_the_accept_queue_is_answered_by_a_process_that_stood_still() {
    for program in both_flavours!("http idle=0") {
        let mut server = Server::start(program);
        raise_open_files(5_000);
        server.child.freeze();
        let mut clients: Vec<Client> = (0..2_000).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.get("/");
        }
        server.stop();
        server.child.thaw();
        // The server is in the middle of the queue when it answers the first client.
        assert!(matches!(clients[0].outcome(), Outcome::Answered | Outcome::AnsweredLast));
        server.child.freeze();
        // A drain without work takes less than this time.
        std::thread::sleep(std::time::Duration::from_millis(1200));
        server.child.thaw();
        clients.remove(0);
        all_answered(server, clients);
    }
}

/// The client connects before the signal and sends its request after the drain has begun.
#[test]
fn who_stands_in_the_accept_queue_may_send_a_moment_later() {
    for program in both_flavours!("http idle=2000") {
        let mut server = Server::start(program);
        server.child.freeze();
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
        server.stop();
        server.child.thaw();
        server.drains();
        for client in &mut clients {
            client.get("/");
        }
        let tally = outcomes(&mut clients);
        // Each response announces that it is the last one.
        assert_eq!(tally.count(Outcome::AnsweredLast), COUNT, "{tally}");
        drop(clients);
        server.stopped().exited(0);
    }
}

#[test]
fn keep_alive_requests_that_are_all_in_the_kernel_are_answered() {
    for program in both_flavours!("http idle=0") {
        let mut server = Server::start(program);
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect_and_use()).collect();
        server.child.freeze();
        for client in &mut clients {
            client.get("/");
        }
        server.stop();
        server.child.thaw();
        all_answered(server, clients);
    }
}

/// The runtime learns of the drain first. Only the kernel knows of the requests.
#[test]
fn keep_alive_requests_that_the_runtime_has_not_heard_of_are_answered() {
    for (program, threads) in
        [(program!("http_multi", "http idle=0"), 2), (program!("http_current", "http idle=0"), 1)]
    {
        let mut server = Server::start(program);
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect_and_use()).collect();
        for thread in 0..threads {
            clients.push(server.connect());
            let name = format!("/block/{thread}");
            clients.last_mut().expect("it was pushed").get(&name);
            server.child.wait_for(&format!("at work: {name}"));
        }
        for client in &mut clients[..COUNT] {
            client.get("/");
        }
        server.stop();
        server.drains();
        server.go();
        all_answered(server, clients);
    }
}

fn keep_alive_requests_with_the_signal(start: impl Fn() -> Program) {
    for _ in 0..runs() {
        let mut server = Server::start(start());
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect_and_use()).collect();
        let request = get("/");
        for client in &mut clients {
            client.send(&request);
        }
        server.stop();
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
        let mut server = Server::start(match at % 2 {
            0 => program!("http_multi", "http idle=10000"),
            _ => program!("http_current", "http idle=10000"),
        });
        let (connected, under_way) = mpsc::channel();
        let floods: Vec<_> = (0..4)
            .map(|_| {
                let (address, connected) = (server.address, connected.clone());
                std::thread::spawn(move || flood(address, &connected))
            })
            .collect();
        for _ in 0..COUNT {
            under_way.recv_timeout(PATIENCE).expect("they connect before the stop");
        }
        server.stop();
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
