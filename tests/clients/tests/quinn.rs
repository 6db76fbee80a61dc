//! What a QUIC peer sees of the end of a service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Child, program};
use quinn::{ConnectionError, Endpoint, IdleTimeout, ServerConfig, TransportConfig};
use rustls::pki_types::PrivatePkcs8KeyDer;

const BYTES: usize = 100_000;
const GRACE: Duration = Duration::from_secs(6);
/// The idle time-out of the peer.
const IDLE: Duration = Duration::from_secs(3);
/// How long the peer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the peer has received when the connection ends.
#[derive(Debug)]
struct Seen {
    bytes: usize,
    /// Whether the stream has an end.
    finished: bool,
    end: ConnectionError,
}

/// A peer that takes one connection with one stream.
struct Peer {
    address: SocketAddr,
    certificate: String,
    seen: Receiver<Seen>,
    /// Stops the peer for as long as nothing is sent: a peer that is gone without a word.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Peer {
    fn start() -> Peer {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificate: Vec<String> = cert.der().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("a version")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .expect("they belong together");
        let tls = quinn::crypto::rustls::QuicServerConfig::try_from(tls).expect("the cipher of QUIC");
        let mut config = ServerConfig::with_crypto(Arc::new(tls));
        let mut transport = TransportConfig::default();
        transport.max_idle_timeout(Some(IdleTimeout::try_from(IDLE).expect("it fits")));
        config.transport_config(Arc::new(transport));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (sender, seen) = channel();
        let address = runtime.block_on(async {
            let endpoint = Endpoint::server(config, ([127, 0, 0, 1], 0).into()).expect("a socket");
            let address = endpoint.local_addr().expect("an address");
            tokio::spawn(async move {
                let connection = endpoint.accept().await.expect("it is open").await.expect("a connection");
                let (mut bytes, mut finished) = (0, false);
                // A connection that ends has no stream.
                if let Ok(mut stream) = connection.accept_uni().await {
                    finished = loop {
                        match stream.read_chunk(usize::MAX, true).await {
                            Ok(Some(chunk)) => bytes += chunk.bytes.len(),
                            ended => break ended.is_ok(),
                        }
                    };
                }
                let end = connection.closed().await;
                let _ = sender.send(Seen { bytes, finished, end });
            });
            address
        });
        Peer { address, certificate: certificate.concat(), seen, runtime: Some(runtime) }
    }

    #[track_caller]
    fn seen(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).expect("an end of the connection")
    }

    /// Ends the peer, which says nothing more.
    fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[track_caller]
fn ready(kind: &str, peer: &Peer) -> Child {
    let program = program!("quinn", kind).grace("6s").env("PEER", peer.address.to_string());
    let program = program.env("CERTIFICATE", &peer.certificate).env("COUNT", BYTES.to_string());
    let mut child = program.start();
    child.wait_for("ready");
    child
}

#[test]
fn a_peer_waits_for_its_idle_time_out_without_a_teardown() {
    let peer = Peer::start();
    let mut child = ready("leaky", &peer);
    child.signal(SIGTERM);
    child.stopped().exited(0);
    let seen = peer.seen();
    assert!(matches!(seen.end, ConnectionError::TimedOut), "{seen:?}");
    assert!(!seen.finished, "{seen:?}");
    assert!(seen.bytes < "first".len() + BYTES, "nothing was lost: {seen:?}");
}

/// The peer has acknowledged the stream, and nobody confirms the close (R22).
#[test]
fn r22_a_peer_receives_the_data_and_the_close() {
    let peer = Peer::start();
    let mut child = ready("managed", &peer);
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(0).said(&["ledger closed"]).within(GRACE);
    ended.reported(&["Peer", "unconfirmed: ", "QUIC does not acknowledge a close"]);
    let seen = peer.seen();
    assert!(seen.finished, "{seen:?}");
    assert_eq!(seen.bytes, "first".len() + BYTES);
    assert!(
        matches!(&seen.end, ConnectionError::ApplicationClosed(close) if &close.reason[..] == b"shutting down")
    );
}

/// A peer that is frozen looks the same: it does not send a packet.
#[test]
fn data_that_a_lost_peer_has_not_acknowledged_is_a_failure_in_time() {
    let mut peer = Peer::start();
    let mut child = ready("managed", &peer);
    peer.kill();
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(70).said(&["ledger closed"]).within(GRACE);
    ended.reported(&["Peer", "the peer has not acknowledged all data"]);
}
