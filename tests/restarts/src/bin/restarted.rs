//! A service that works a few milliseconds on each request. The tests restart it under load.
//!
//! `restarted "listen ADDRESS PROBES"` listens with `net::listen`, which takes over an inherited socket. `bind` uses
//! tokio's listener. `share` shares the address with other instances (`SO_REUSEPORT`). PROBES are `probes`, `404` for that
//! status in a stop, or `handler` for a readiness check without the probes of `lifecycle`.
//!
//! The program accepts a reload after `RELOAD_MS`, and counts them at `/reloads`. `/slow/SECONDS` is answered after that time,
//! and `/hang` blocks every worker of the runtime.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use lifecycle::http::Server;
use lifecycle::net::{Listener, SocketListener};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;

static RELOADS: AtomicUsize = AtomicUsize::new(0);

/// Responds with the process id and the target of the request. Some clients compare the lengths of responses, so
/// `/fixed` has always the same one.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    tokio::time::sleep(Duration::from_millis(3)).await;
    let body = match request.uri().path() {
        // `probes` answers before this handler.
        "/readyz" if lifecycle::is_stopping() => {
            let mut unready = Response::new(Full::default());
            *unready.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return Ok(unready);
        }
        "/fixed" => "fixed".to_owned(),
        "/reloads" => RELOADS.load(Ordering::Relaxed).to_string(),
        "/hang" => {
            for _ in 0..Handle::current().metrics().num_workers() {
                tokio::spawn(async { std::thread::sleep(Duration::from_secs(3_600)) });
            }
            "hangs".to_owned()
        }
        path if path.starts_with("/slow/") => {
            let seconds = path["/slow/".len()..].parse().expect("seconds");
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            "at last".to_owned()
        }
        path => format!("{} {path}", std::process::id()),
    };
    Ok(Response::new(Full::from(body)))
}

fn share(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// The linger of idle connections. The default of 100 ms is too short for a client on a loaded machine.
const LINGER: Duration = Duration::from_secs(2);

/// Accepts each reload.
async fn reload() {
    let time = std::env::var("RELOAD_MS").ok().and_then(|time| time.parse().ok()).unwrap_or(0);
    let mut reloads = lifecycle::reloads();
    while let Some(reload) = reloads.next().await {
        tokio::time::sleep(Duration::from_millis(time)).await;
        RELOADS.fetch_add(1, Ordering::Relaxed);
        reload.accept();
    }
}

async fn serve(listener: impl Listener, probes: &str) -> io::Result<()> {
    lifecycle::spawn(reload());
    println!("listening");
    let (server, service) = (Server::new(listener).drain_idle_timeout(LINGER), tower::service_fn(answer));
    match probes {
        "probes" => server.serve(lifecycle::http::probes().or(service)).await,
        "404" => server.serve(lifecycle::http::probes().stopping_status(404).or(service)).await,
        "handler" => server.serve(service).await,
        _ => panic!("no such probes: `{probes}`"),
    }
}

#[lifecycle::main]
async fn main() -> io::Result<()> {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    let words: Vec<&str> = scenario.split(' ').collect();
    let (how, address, probes) = match words[..] {
        [how, address] => (how, address, "probes"),
        [how, address, probes] => (how, address, probes),
        _ => panic!("how to listen, where, and with which probes: `{scenario}`"),
    };
    match how {
        "listen" => serve(lifecycle::net::listen(address).await?, probes).await,
        "bind" => serve(TcpListener::bind(address).await?, probes).await,
        "share" => serve(SocketListener::sole(share(address.parse().expect("an address"))?), probes).await,
        _ => panic!("no such way to listen: `{how}`"),
    }
}
