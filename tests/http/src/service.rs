//! The fixture: a server whose first argument says what it is and how it is set, as in `http idle=0 late_requests`.
//!
//! It says on stdout where it listens and how far it is, and hears on stdin what may go on.

mod grpc;
mod handlers;
mod http;
mod plain;
mod tls;
mod tunnel;
mod websocket;
mod wishes;

pub use grpc::Raw;

use std::error::Error;

use lifecycle::net::Listener as _;
use tokio::sync::broadcast;

use wishes::Wishes;

/// Runs it until it is stopped.
///
/// # Errors
///
/// Those of its server.
pub async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let wishes = Wishes::given()?;
    let orders = Orders::heard();
    let address = wishes.value("listen").unwrap_or("127.0.0.1:0");
    let listener = match wishes.value("name") {
        Some(name) => lifecycle::net::listen_as(name, address).await?,
        None => lifecycle::net::listen(address).await?,
    };
    if listener.is_inherited() {
        println!("inherited");
    }
    tell_the_stages();
    if wishes.has("slow-cleanup") {
        let orders = orders.clone();
        lifecycle::defer("slow cleanup", async move || {
            println!("cleaning up");
            orders.wait_for("cleanup").await;
        });
    }
    if wishes.has("probes") {
        let probes = lifecycle::net::listen("127.0.0.1:0").await?;
        println!("probes at {}", probes.address());
        tokio::spawn(lifecycle::http::serve_probes(probes));
    }
    if wishes.has("slow-start") {
        orders.wait_for("start").await;
    }
    println!("listening at {}", listener.address());
    match wishes.kind() {
        "http" => http::run(&wishes, listener, orders).await?,
        "echo" => plain::run(&wishes, listener).await?,
        other => return Err(format!("no service `{other}`").into()),
    }
    println!("served");
    Ok(())
}

/// On a thread of its own, which no handler holds up.
fn tell_the_stages() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            lifecycle::stopping().await;
            println!("stopping");
            lifecycle::draining().await;
            println!("draining");
        });
    });
}

/// What comes on stdin, line by line: `go` lets go everything that waits, `go NAME` one thing.
#[derive(Clone)]
pub(crate) struct Orders(broadcast::Sender<String>);

impl Orders {
    fn heard() -> Orders {
        let orders = Orders(broadcast::Sender::new(1024));
        let heard = orders.clone();
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                // Nobody may be waiting.
                let _ = heard.0.send(line);
            }
        });
        orders
    }

    /// As [`wait_for`](Orders::wait_for), but for the whole thread.
    fn block_for(&self, name: &str) {
        let orders = self.0.subscribe();
        println!("at work: {name}");
        let name = name.to_owned();
        std::thread::scope(|scope| {
            scope.spawn(move || Orders::heard_by(orders, &name));
        });
    }

    fn heard_by(mut orders: broadcast::Receiver<String>, name: &str) {
        while let Ok(line) = orders.blocking_recv() {
            if Orders::means(&line, name) {
                return;
            }
        }
    }

    fn means(line: &str, name: &str) -> bool {
        line == "go" || line.strip_prefix("go ") == Some(name)
    }

    /// Says that `name` is at work, and waits until it may go on.
    pub(crate) async fn wait_for(&self, name: &str) {
        let mut orders = self.0.subscribe();
        println!("at work: {name}");
        loop {
            match orders.recv().await {
                Ok(line) if Orders::means(&line, name) => return,
                Ok(_) => {}
                Err(error) => panic!("an order was missed: {error}"),
            }
        }
    }
}
