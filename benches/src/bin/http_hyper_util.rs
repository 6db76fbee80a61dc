//! hyper-util's connections, which its `GracefulShutdown` watches. With the argument `plain` no code watches
//! them, which shows the cost of hyper alone.

#[path = "../http/hello.rs"]
mod hello;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let graceful = GracefulShutdown::new();
    let plain = std::env::args().nth(1).is_some_and(|word| word == "plain");
    let mut terminate = hello::terminate();
    let listener = hello::listen().await;
    let builder = Builder::new(TokioExecutor::new());
    let service = TowerToHyperService::new(hello::routes());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminate.recv() => break,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (io, service) = (TokioIo::new(stream), service.clone());
        let connection = builder.serve_connection_with_upgrades(io, service).into_owned();
        if plain {
            tokio::spawn(connection);
        } else {
            tokio::spawn(graceful.watch(connection));
        }
    }
    if !plain {
        drop(listener);
        graceful.shutdown().await;
    }
}
