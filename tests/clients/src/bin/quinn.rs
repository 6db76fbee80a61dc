//! A service that is the client of a QUIC peer, with and without a teardown.

use std::net::SocketAddr;
use std::sync::Arc;

use lifecycle::{Slot, Teardown};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, SendStream};

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[lifecycle::resource]
struct Ledger;

#[lifecycle::teardown]
impl Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

#[lifecycle::resource(timeout = "3s")]
struct Peer {
    #[teardown]
    stream: Slot<SendStream>,
    #[expect(dead_code, reason = "a service holds it to open streams")]
    #[teardown(skip = "its endpoint closes it")]
    connection: Connection,
    #[teardown]
    endpoint: Endpoint,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let peer: SocketAddr = std::env::var("PEER")?.parse()?;
    let mut roots = rustls::RootCertStore::empty();
    let certificate = std::env::var("CERTIFICATE")?;
    let bytes: Result<Vec<u8>, _> = (0..certificate.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&certificate[at..at + 2], 16))
        .collect();
    roots.add(bytes?.into())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into())?;
    let connection = endpoint.connect_with(config, peer, "localhost")?.await?;
    let mut stream = connection.open_uni().await?;
    stream.write_all(b"first").await?;
    let leaky = std::env::args().nth(1).is_some_and(|kind| kind == "leaky");
    let mut managed = None;
    let mut held = None;
    if leaky {
        held = Some((stream, connection, endpoint));
    } else {
        managed = Some(lifecycle::manage(Peer { stream: Slot::new(stream), connection, endpoint }));
    }
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    // Small enough for the buffers of the client.
    let data = vec![1; std::env::var("COUNT")?.parse()?];
    if let Some(peer) = managed
        && let Some(mut stream) = peer.stream.take()
    {
        stream.write_all(&data).await?;
        peer.stream.replace(stream);
    }
    if let Some((mut stream, connection, endpoint)) = held {
        stream.write_all(&data).await?;
        // Held by a task that never ends.
        std::mem::forget((stream, connection, endpoint));
    }
    Ok(())
}
