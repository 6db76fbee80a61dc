//! TLS connections: requests that were sent in time are answered, and the server sends `close_notify`.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use lifecycle_http_tests::{
    Client, Clients, Fixture, Hearing, Http2, Outcome, PATIENCE, Program, Server, both_flavours, get,
    listening,
};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A TLS server and the certificate that its clients trust.
struct Encrypted {
    server: Server,
    config: Arc<ClientConfig>,
}

impl Encrypted {
    #[track_caller]
    fn start(program: Program) -> Encrypted {
        let mut server = listening(program);
        let hex = server.wait_for_start("certificate ");
        let bytes =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"));
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(bytes.collect::<Vec<u8>>())).expect("a certificate");
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Encrypted { server, config: Arc::new(config) }
    }

    #[track_caller]
    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.socket_address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        stream
    }

    /// Opens a TLS connection. The handshake starts at the first request.
    #[track_caller]
    fn over(&self, stream: TcpStream) -> Client {
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::clone(&self.config), name).expect("a client");
        Client::over(StreamOwned::new(connection, stream))
    }

    #[track_caller]
    fn connect_and_use(&self) -> Client {
        let mut client = self.over(self.tcp());
        assert_eq!(client.get("/").outcome(), Outcome::Answered);
        client
    }

    /// Opens a connection that offers only HTTP/2 (ALPN).
    async fn http2(&self) -> Http2 {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = tokio::net::TcpStream::connect(self.server.socket_address()).await.expect("it listens");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Http2::over(stream, Hearing::All).await
    }
}

#[test]
fn a_request_in_the_socket_at_the_drain_is_served_and_the_end_is_told() {
    for mut encrypted in both_flavours!("http tls idle=0").into_iter().map(Encrypted::start) {
        let mut clients: Vec<Client> = (0..50).map(|_| encrypted.connect_and_use()).collect();
        encrypted.server.freeze();
        clients.all_get("/");
        encrypted.server.terminate_and_thaw();
        clients.all_answered();
        for client in &mut clients {
            // The client would report an error without `close_notify`.
            client.closed();
        }
        encrypted.server.stopped().exited(0).not_reported("note:");
    }
}

#[test]
fn an_idle_connection_is_told_the_end() {
    for mut encrypted in both_flavours!("http tls").into_iter().map(Encrypted::start) {
        let mut client = encrypted.connect_and_use();
        encrypted.server.terminate();
        client.closed();
        encrypted.server.stopped().exited(0);
    }
}

/// The sending side is closed by `close_notify`, with and without FIN, before the response.
#[test]
fn a_client_that_has_closed_its_sending_side_is_answered() {
    for mut encrypted in both_flavours!("http tls idle=0").into_iter().map(Encrypted::start) {
        let half_closed = |path: &str, with_fin: bool| {
            let name = ServerName::try_from("localhost").expect("a name");
            let connection = ClientConnection::new(Arc::clone(&encrypted.config), name).expect("a client");
            let mut stream = StreamOwned::new(connection, encrypted.tcp());
            stream.write_all(&get(path)).expect("it is served");
            stream.conn.send_close_notify();
            stream.flush().expect("it is served");
            if with_fin {
                stream.sock.shutdown(Shutdown::Write).expect("a socket");
            }
            Client::over(stream)
        };
        let mut quick = [half_closed("/", false), half_closed("/", true)];
        let mut slow = [half_closed("/wait/a", false), half_closed("/wait/b", true)];
        for client in &mut quick {
            assert_eq!(client.outcome(), Outcome::Answered);
            client.closed();
        }
        for path in ["/wait/a", "/wait/b"] {
            encrypted.server.wait_for(&format!("at work: {path}"));
        }
        encrypted.server.terminate_and_drain();
        encrypted.server.go();
        for client in &mut slow {
            // The kernel may hold the `close_notify`, which looks like a further request. The client knows that it has none.
            assert!(matches!(client.outcome(), Outcome::Answered | Outcome::AnsweredLast));
            client.closed();
        }
        encrypted.server.stopped().exited(0).not_reported("note:");
    }
}

/// The client connects before the signal, and the handshake comes after it.
#[test]
fn who_stands_in_the_accept_queue_shakes_hands_and_is_served() {
    for mut encrypted in both_flavours!("http tls").into_iter().map(Encrypted::start) {
        encrypted.connect_and_use();
        encrypted.server.freeze();
        let streams: Vec<TcpStream> = (0..20).map(|_| encrypted.tcp()).collect();
        encrypted.server.terminate();
        // Each client has a thread, because the server waits at most 1 s for each one.
        let clients: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let mut client = encrypted.over(stream);
                std::thread::spawn(move || client.get("/").outcome())
            })
            .collect();
        encrypted.server.thaw();
        for client in clients {
            let outcome = client.join().expect("an outcome");
            assert!(matches!(outcome, Outcome::Answered | Outcome::AnsweredLast), "{outcome:?}");
        }
        encrypted.server.stopped().exited(0);
    }
}

#[test]
fn half_a_handshake_has_a_second() {
    for mut encrypted in both_flavours!("http tls").into_iter().map(Encrypted::start) {
        encrypted.connect_and_use();
        let (silent, mut half) = (encrypted.tcp(), encrypted.tcp());
        // The header of a `ClientHello` of 200 bytes, without its content.
        half.write_all(&[22, 3, 1, 0, 200]).expect("it is open");
        encrypted.server.terminate();
        encrypted
            .server
            .stopped()
            .exited(0)
            .not_before(Duration::from_millis(900))
            .within(Duration::from_secs(1));
        drop(silent);
    }
}

/// The lame duck would last for minutes. A connection without a handshake does not get an HTTP request in
/// that time.
#[test]
fn a_handshake_that_fails_does_not_keep_the_lame_duck_going() {
    for mut encrypted in both_flavours!("http tls early_end")
        .map(|program| program.grace("1200s").lame_duck("600s"))
        .into_iter()
        .map(Encrypted::start)
    {
        encrypted.connect_and_use();
        encrypted.server.terminate_and_stop();
        // One connection sends the header of a `ClientHello` and ends. The other one sends bytes that are not
        // TLS.
        let (mut half, mut garbage) = (encrypted.tcp(), encrypted.tcp());
        half.write_all(&[22, 3, 1, 0, 200]).expect("it is open");
        garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it is open");
        drop(half);
        Client::over(garbage).gone();
        assert_eq!(encrypted.over(encrypted.tcp()).get("/readyz").outcome(), Outcome::Status(503));
        encrypted.server.stopped().exited(0).not_before(Duration::from_secs(1));
    }
}

// The test waits for the child in blocking calls, so a worker thread polls the connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn streams_of_http2_finish_behind_two_goaways() {
    for mut encrypted in both_flavours!("http tls idle=0").into_iter().map(Encrypted::start) {
        let mut idle = encrypted.http2().await;
        assert_eq!(Http2::body(idle.ask("/").await).await.1, b"hello");
        let mut busy = encrypted.http2().await;
        let answers = busy.ten_at_work(&mut encrypted.server).await;
        encrypted.server.terminate();
        idle.closed().await;
        busy.ten_finish(&mut encrypted.server, answers).await;
        encrypted.server.stopped().exited(0).not_reported("note:");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_of_http2_in_the_socket_at_the_drain_is_served() {
    for mut encrypted in both_flavours!("http tls idle=0").into_iter().map(Encrypted::start) {
        let mut connection = encrypted.http2().await;
        assert_eq!(Http2::body(connection.ask("/").await).await.1, b"hello");
        encrypted.server.freeze();
        let answer = connection.ask("/").await;
        let sent = connection.overheard.requests.wait_for(2);
        timeout(PATIENCE, sent).await.expect("it is sent");
        encrypted.server.terminate_and_thaw();
        assert_eq!(Http2::body(answer).await.1, b"hello");
        connection.closed().await;
        encrypted.server.stopped().exited(0).not_reported("note:");
    }
}

/// `net::serve` with TLS inside of the handler: the wrapper of the connection is not the stream that the drain ends.
#[test]
fn lines_over_tls_that_have_arrived_are_echoed_and_idle_connections_end_with_close_notify() {
    for mut encrypted in
        both_flavours!("echo tls").map(|program| program.grace("1200s")).into_iter().map(Encrypted::start)
    {
        let mut silent = encrypted.tcp();
        let mut clients: Vec<Client> = (0..10).map(|_| encrypted.over(encrypted.tcp())).collect();
        for client in &mut clients {
            client.send(b"hello\n");
            assert_eq!(client.bytes(6), b"hello\n");
        }
        encrypted.server.freeze();
        for client in &mut clients[..5] {
            client.send(b"just in time\n");
        }
        encrypted.server.terminate_and_thaw();
        for client in &mut clients[..5] {
            assert_eq!(client.bytes(13), b"just in time\n");
        }
        clients.all_closed();
        // This client has not begun its handshake.
        assert_eq!(silent.read(&mut [0; 1]).expect("no reset"), 0);
        encrypted.server.stopped().exited(0).not_reported("note:");
    }
}
