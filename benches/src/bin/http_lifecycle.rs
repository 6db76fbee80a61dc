//! `lifecycle::http::serve`.

#[path = "../http/hello.rs"]
mod hello;

#[lifecycle::main(worker_threads = 2)]
async fn main() -> std::io::Result<()> {
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    hello::say(listener.local_addr()?);
    lifecycle::http::serve(listener, hello::routes()).await
}
