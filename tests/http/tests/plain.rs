//! `net::serve`: connections that are not HTTP.

use std::time::Duration;

use lifecycle_http_tests::{Client, Program, Server, both_flavours};

/// Starts it, and waits until it answers.
#[track_caller]
fn start(program: Program) -> Server {
    let mut child = program.listening_to_us().start();
    let address = child.wait_for_start("listening at ").parse().expect("an address");
    let server = Server { child, address };
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
    for program in both_flavours!("echo") {
        let mut server = start(program);
        server.child.freeze();
        let mut clients: Vec<Client> = (0..200).map(|_| server.connect()).collect();
        server.stop();
        server.child.thaw();
        clients.iter_mut().for_each(echo);
        drop(clients);
        server.ended().exited(0);
    }
}

#[test]
fn a_handler_is_in_flight_until_it_ends() {
    for program in both_flavours!("echo") {
        let mut server = start(program);
        let mut client = server.connect();
        echo(&mut client);
        server.stop();
        server.drains();
        echo(&mut client);
        drop(client);
        server.ended().exited(0).not_reported("note:");
    }
}

#[test]
fn a_handler_hears_the_stop() {
    for program in both_flavours!("echo polite") {
        let mut server = start(program);
        let mut client = server.connect();
        echo(&mut client);
        server.stop();
        client.closed();
        server.ended().exited(0);
    }
}

#[test]
fn a_handler_that_never_ends_is_cut_and_named() {
    for program in both_flavours!("echo") {
        let mut server = start(program.grace("2s"));
        let mut client = server.connect();
        echo(&mut client);
        server.stop();
        client.gone();
        let ended = server.ended();
        ended.exited(70).not_before(Duration::from_secs(1)).within(Duration::from_secs(2));
        ended.reported(&["server at 127.0.0.1:", "a connection is handled, for 127.0.0.1:"]);
    }
}
