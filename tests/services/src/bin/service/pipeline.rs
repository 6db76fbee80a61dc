//! A consumer, a channel, and a writer that does not watch for the stop.

use lifecycle::consumer::Consumer;
use tokio::sync::mpsc;

use crate::consuming::{insert, rabbitmq};
use crate::databases::{Orders, postgres};
use crate::{Error, serve, setting};

pub(crate) async fn run() -> Result<(), Error> {
    let orders = lifecycle::manage(Orders { pool: postgres().await? });
    let source = rabbitmq(&setting("BROKER_URL"), &setting("QUEUE")).await?;
    let (queue, mut queued) = mpsc::channel(10_000);
    // The task ends when the channel is closed, after every sender is dropped.
    lifecycle::spawn(async move {
        let mut written = 0;
        while let Some(message) = queued.recv().await {
            insert(&orders, message).await.expect("a row is written");
            written += 1;
        }
        println!("written {written}");
    });
    let handler = move |message| {
        let queue = queue.clone();
        async move {
            let sent = queue.send(message).await;
            println!("queued {}", queue.max_capacity() - queue.capacity());
            sent
        }
    };
    lifecycle::spawn_essential("orders", Consumer::new(source).name("orders").run(handler));
    serve().await;
    Ok(())
}
