//! `net::serve` with a protocol that is not HTTP.

use lifecycle_http_tests::{Client, Fixture, Program, Server, both_flavours, cut_off, listening};
use lifecycle_process_tests::every_thread_waits;

/// Starts the server, and waits until it answers.
#[track_caller]
fn start(program: Program) -> Server {
    let server = listening(program);
    echo(&mut server.connect());
    server
}

#[track_caller]
fn echo(client: &mut Client) {
    client.send(b"hello");
    assert_eq!(client.bytes(5), b"hello");
}

#[test]
fn who_stands_in_the_queue_is_handled() {
    for mut server in both_flavours!("echo").into_iter().map(start) {
        server.freeze();
        let mut clients: Vec<Client> = (0..200).map(|_| server.connect()).collect();
        server.terminate_and_thaw();
        clients.iter_mut().for_each(echo);
        drop(clients);
        server.stopped().exited(0);
    }
}

#[test]
fn a_handler_is_in_flight_until_it_ends() {
    for mut server in both_flavours!("echo").into_iter().map(start) {
        let mut client = server.connect();
        echo(&mut client);
        server.terminate_and_drain();
        echo(&mut client);
        drop(client);
        server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn a_handler_hears_the_stop() {
    for mut server in both_flavours!("echo polite").into_iter().map(start) {
        let mut client = server.connect();
        echo(&mut client);
        server.terminate();
        client.closed();
        server.stopped().exited(0);
    }
}

#[test]
fn lines_that_have_arrived_are_echoed_and_no_idle_client_holds_up_the_stop() {
    for program in both_flavours!("echo lines") {
        let mut server = listening(program.grace("1200s"));
        let mut clients: Vec<Client> = (0..100).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.send(b"hello\n");
            assert_eq!(client.bytes(6), b"hello\n");
        }
        server.freeze();
        for client in &mut clients[..50] {
            client.send(b"just in time\n");
        }
        let mut queued: Vec<Client> = (0..50).map(|_| server.connect()).collect();
        for client in &mut queued[..25] {
            client.send(b"first\n");
        }
        server.terminate_and_thaw();
        for client in &mut clients[..50] {
            assert_eq!(client.bytes(13), b"just in time\n");
        }
        for client in &mut queued[..25] {
            assert_eq!(client.bytes(6), b"first\n");
        }
        // No client closes before the server does.
        for client in clients.iter_mut().chain(&mut queued) {
            client.closed();
        }
        server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn a_handler_that_never_ends_is_cut_and_named() {
    for program in both_flavours!("echo") {
        let mut server = start(program.grace("2s"));
        let mut client = server.connect();
        echo(&mut client);
        server.terminate();
        client.gone();
        cut_off(&server.stopped(), &["server", "has never called `mark_idle`"]);
    }
}

/// Makes the next handler panic before it returns a future.
#[track_caller]
fn make_the_next_panic(client: &mut Client) {
    client.send(b"panic next");
    assert_eq!(client.bytes(10), b"panic next");
}

#[test]
fn a_panic_before_the_stop_is_reported_and_changes_nothing() {
    for program in both_flavours!("echo") {
        let mut server = start(program.grace("1200s"));
        let (mut panicking, mut other) = (server.connect(), server.connect());
        echo(&mut panicking);
        echo(&mut other);
        panicking.send(b"panic").closed();
        make_the_next_panic(&mut other);
        server.connect().closed();
        echo(&mut other);
        echo(&mut server.connect());
        // The clients see the end of a connection before its panic is counted.
        while !every_thread_waits(server.pid()) {
            std::thread::yield_now();
        }
        server.terminate_and_drain();
        echo(&mut other);
        drop(other);
        // A pass that was not returned would hold the drain until the end of the grace.
        let ended = server.stopped();
        ended.exited(0).reported(&["a handler panics at work"]).reported(&["a handler panics at once"]);
    }
}

#[test]
fn a_panic_during_the_stop_is_70() {
    for program in both_flavours!("echo") {
        let mut server = start(program.grace("1200s"));
        let (mut panicking, mut other) = (server.connect(), server.connect());
        echo(&mut panicking);
        echo(&mut other);
        server.terminate_and_drain();
        panicking.send(b"panic").closed();
        echo(&mut other);
        drop(other);
        server.stopped().exited(70).reported(&["tracked tasks that panicked: 1"]);
    }
}

/// The lame duck is long enough for two connections on a machine that is ten times slower.
#[test]
fn a_panic_at_the_door_during_the_stop_is_70_and_the_door_stays_open() {
    for program in both_flavours!("echo") {
        let mut server = start(program.grace("1200s").lame_duck("3s"));
        let mut first = server.connect();
        make_the_next_panic(&mut first);
        server.terminate_and_stop();
        server.connect().closed();
        echo(&mut server.connect());
        drop(first);
        server.stopped().exited(70).reported(&["tracked tasks that panicked: 1"]);
    }
}
