//! The routes and handlers of the fixture.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream, StreamExt as _};

use super::{Orders, grpc, websocket};

pub(super) fn routes(orders: Orders) -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/named/{name}", get(async |Path(name): Path<String>| name))
        .route("/wait/{name}", get(wait).post(wait))
        .route("/block/{name}", get(block))
        .route("/panic/{name}", get(panic))
        .route("/lingers/{name}", get(lingers))
        .route("/echo", post(async |body: Bytes| body))
        .route("/early", post(async || "early"))
        .route("/says/{connection}", get(says).post(says))
        .route("/large", get(async || Body::from_stream(large())))
        .route("/slow-large", get(slow_large))
        .route("/events", get(async || Body::from_stream(events())))
        .route("/endless", get(async || Body::from_stream(endless())))
        .route("/ws", get(websocket::polite))
        .route("/ws/deaf", get(websocket::deaf))
        .route("/test.Counter/Count", post(grpc::count))
        .route("/test.Counter/Say", post(grpc::say))
        .with_state(orders)
}

type Chunk = Result<Bytes, Infallible>;

async fn wait(State(orders): State<Orders>, Path(name): Path<String>) -> String {
    orders.wait_for(&format!("/wait/{name}")).await;
    name
}

/// Says something about the connection, which is the server's business.
async fn says(Path(connection): Path<String>) -> impl IntoResponse {
    let headers =
        [("connection", connection), ("keep-alive", "timeout=5".to_owned()), ("upgrade", "h2c".to_owned())];
    (AppendHeaders(headers), "said")
}

/// Blocks its thread. No other task runs there, and the runtime does not poll the kernel.
async fn block(State(orders): State<Orders>, Path(name): Path<String>) -> String {
    // Otherwise this worker may be the last that has polled the kernel, and a request that comes to the others is not heard
    // of. A new task wakes another worker, which polls the kernel from then on. The first one goes into the slot of the
    // next task, from which no other worker takes it. The second one drives it out.
    for _ in 0..2 {
        tokio::spawn(std::future::ready(()));
    }
    orders.block_for(&format!("/block/{name}"));
    name
}

async fn panic(State(orders): State<Orders>, Path(name): Path<String>) -> String {
    orders.wait_for(&format!("/panic/{name}")).await;
    panic!("a handler panics");
}

/// Holds a value whose drop takes time.
async fn lingers(State(orders): State<Orders>, Path(name): Path<String>) {
    struct Lingers;
    impl Drop for Lingers {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_millis(300));
            println!("dropped");
        }
    }
    let _lingers = Lingers;
    orders.wait_for(&format!("/lingers/{name}")).await;
}

/// Streams 64 MiB, which is more than all buffers between the server and a client.
fn large() -> impl Stream<Item = Chunk> {
    let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
    stream::iter((0..1024).map(move |_| Ok(chunk.clone())))
}

/// Sends the response head at once, and ends the body after the order arrives.
async fn slow_large(State(orders): State<Orders>) -> Body {
    let end = stream::once(async move {
        orders.wait_for("/slow-large").await;
        Ok::<_, Infallible>(Bytes::from("end"))
    });
    Body::from_stream(stream::iter([Ok(Bytes::from("start"))]).chain(end))
}

/// Streams events until the stop begins, and then one last event.
fn events() -> impl Stream<Item = Chunk> {
    let tick = tokio::time::interval(Duration::from_millis(20));
    let first = (Box::pin(lifecycle::stopping()), tick, false);
    stream::unfold(first, |(mut stopping, mut tick, over)| async move {
        if over {
            return None;
        }
        let (event, over) = tokio::select! {
            () = &mut stopping => ("bye", true),
            _ = tick.tick() => ("event", false),
        };
        Some((Ok(Bytes::from(event)), (stopping, tick, over)))
    })
}

/// Streams without an end.
fn endless() -> impl Stream<Item = Chunk> {
    stream::iter([Ok(Bytes::from("start"))]).chain(stream::pending())
}
