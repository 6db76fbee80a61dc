//! `axum-server`, with its graceful shutdown.

#[path = "../http/hello.rs"]
mod hello;

use axum_server::Handle;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut terminate = hello::terminate();
    let handle = Handle::new();
    let stop = handle.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        stop.graceful_shutdown(None);
    });
    let listener = hello::listen().await.into_std().expect("a listener");
    let server = axum_server::from_tcp(listener).expect("a listener").handle(handle);
    server.serve(hello::routes().into_make_service()).await.expect("it serves");
}
