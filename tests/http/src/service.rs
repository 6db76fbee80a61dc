//! The fixture: a server that its first argument configures, as in `http idle=0 late_requests`.
//!
//! The server prints its address and its stages on stdout. It reads orders from stdin.

mod checks;
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

/// Runs the server until it is stopped.
///
/// # Errors
///
/// Returns the error of the server.
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
    if let Some(names) = wishes.value("checks") {
        checks::manage(names);
    }
    if let Some(probes) = wishes.own_probes() {
        let listener = lifecycle::net::listen("127.0.0.1:0").await?;
        println!("probes at {}", listener.address());
        tokio::spawn(probes.serve(listener));
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

/// Prints each stage from a separate thread, which no handler can block.
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

/// The orders from stdin, one a line. `go` releases all waiting handlers, and `go NAME` releases one.
#[derive(Clone)]
pub(crate) struct Orders(broadcast::Sender<String>);

impl Orders {
    fn heard() -> Orders {
        let orders = Orders(broadcast::Sender::new(1024));
        let heard = orders.clone();
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                // An error means that no handler is waiting.
                let _ = heard.0.send(line);
            }
        });
        orders
    }

    /// Blocks the thread until the order arrives, unlike [`wait_for`](Orders::wait_for).
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

    /// Prints that `name` is at work, and waits for the order that releases it.
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
