//! A key-value service over plain TCP, in the protocol of Redis, with subscribers and a limit of connections.
//!
//! ```text
//! cargo run -p key-value                                 # serves on a free port
//! cargo run -p key-value -- 127.0.0.1:6379 100           # an address, and a limit of connections
//! redis-cli -p 6379 set greeting hello
//! redis-cli -p 6379 subscribe news
//! ```
//!
//! Stop the service with Ctrl-C or SIGTERM, also under load. It answers every command that has arrived, tells its
//! subscribers, and exits with status 0 in a fraction of a second. `conversation.rs` has the loop of one connection,
//! `protocol.rs` has the frames, and `store.rs` has the values and the subscribers.

mod conversation;
mod protocol;
mod store;

use std::io;

use lifecycle::net::{self, Server};
use store::Store;

#[lifecycle::main(grace = "10s")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let limit = arguments.next().map_or(Ok(1_000), |limit| limit.parse()).map_err(io::Error::other)?;

    let listener = net::listen(&address).await?;
    println!("listening on {listener}");
    let store = Store::default();
    Server::new(listener)
        .max_connections(limit)
        .serve(|connection, peer| {
            let store = store.clone();
            async move {
                // A client that is gone does not concern the service.
                if let Err(error) = conversation::hold(connection, &store).await {
                    eprintln!("{peer}: {error}");
                }
            }
        })
        .await
}
