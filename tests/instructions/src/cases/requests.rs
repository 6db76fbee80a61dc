//! Requests on one kept connection, over loopback. Client and server share the thread.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use lifecycle::Lifecycle;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const REQUEST: &[u8] = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
const BODY: &str = "hello";

/// Serves the connection with `lifecycle::http::serve`.
pub(super) fn ours(times: u64) {
    let served = async move {
        let listener = lifecycle::net::listen("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let serving = lifecycle::spawn(lifecycle::http::serve(listener, service_fn(hello)));
        ask(address, times).await;
        lifecycle::shutdown("each request is answered");
        serving.await.expect("it does not panic").expect("it serves");
    };
    let report = super::runtime().block_on(Lifecycle::builder().build().run(served));
    assert!(report.is_clean(), "{report}");
}

/// Serves the connection with hyper alone, in a task that nobody stops.
pub(super) fn of_hyper(times: u64) {
    super::runtime().block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move {
            let builder = Builder::new();
            while let Ok((stream, _)) = listener.accept().await {
                let io = TokioIo::new(stream);
                tokio::spawn(builder.serve_connection(io, service_fn(hello)).with_upgrades());
            }
        });
        ask(address, times).await;
    });
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(BODY.as_bytes()))))
}

/// Sends each request after the response to the one before.
async fn ask(address: SocketAddr, times: u64) {
    let mut stream = TcpStream::connect(address).await.expect("a server");
    stream.set_nodelay(true).expect("a socket");
    let mut response = [0; 512];
    stream.write_all(REQUEST).await.expect("a server");
    let length = stream.read(&mut response).await.expect("a server");
    let response = &mut response[..length];
    assert!(response.ends_with(BODY.as_bytes()), "one read gets a whole response");
    for _ in 1..times {
        stream.write_all(REQUEST).await.expect("a server");
        stream.read_exact(response).await.expect("a server");
    }
    assert!(response.starts_with(b"HTTP/1.1 200 OK") && response.ends_with(BODY.as_bytes()));
}
