//! A service that writes to Redis by `fred`, with and without a teardown.

use std::future::Future;
use std::task::Poll;

use fred::prelude::{Builder, Client, ClientLike as _, Config, ListInterface as _, Pool};
use lifecycle::Teardown;

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[lifecycle::resource]
struct Ledger;

#[lifecycle::teardown]
impl Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

#[lifecycle::resource(timeout = "3s")]
struct Cache {
    #[teardown]
    client: Option<Client>,
    #[teardown]
    pool: Option<Pool>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let builder = Builder::from_config(Config::from_url(&std::env::var("URL")?)?);
    let kind = std::env::args().nth(1).unwrap_or_default();
    match kind.as_str() {
        "leaky" => {
            let client = builder.build()?;
            client.init().await?;
            serve().await;
            // The handle stays, as in a task that never ends.
            std::mem::forget(client.clone());
            push(|number| client.rpush("orders", number.to_string())).await;
        }
        "client" => {
            let client = builder.build()?;
            client.init().await?;
            lifecycle::manage(Cache { client: Some(client.clone()), pool: None });
            serve().await;
            push(|number| client.rpush("orders", number.to_string())).await;
        }
        "pool" => {
            let pool = builder.build_pool(4)?;
            pool.init().await?;
            lifecycle::manage(Cache { client: None, pool: Some(pool.clone()) });
            serve().await;
            push(|number| pool.rpush("orders", number.to_string())).await;
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    Ok(())
}

/// Begins all commands. Nothing waits for their replies.
async fn push<F>(command: impl Fn(usize) -> F)
where
    F: Future<Output = Result<(), fred::error::Error>>,
{
    let count: usize = std::env::var("COUNT").expect("COUNT").parse().expect("a number");
    for number in 0..count {
        let mut command = Box::pin(command(number));
        std::future::poll_fn(|context| Poll::Ready(command.as_mut().poll(context).is_ready())).await;
        std::mem::forget(command);
    }
}

/// Runs until the stop. Prints `ready` and `stopping`.
async fn serve() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
}
