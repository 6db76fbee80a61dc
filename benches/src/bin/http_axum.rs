//! `axum::serve`, with its graceful shutdown.

#[path = "../http/hello.rs"]
mod hello;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut terminate = hello::terminate();
    let stop = async move {
        terminate.recv().await;
    };
    let listener = hello::listen().await;
    axum::serve(listener, hello::routes()).with_graceful_shutdown(stop).await.expect("it serves");
}
