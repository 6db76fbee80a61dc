//! Log lines in the queue of `tracing_loki`.

include!("../../../shutdown-core/ready-made/tracing_loki.rs");

use lifecycle::Outcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing_subscriber::layer::SubscriberExt as _;

#[tokio::test]
async fn the_last_line_is_posted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let length = client.read(&mut head).await.unwrap();
        client.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let builder = tracing_loki::builder();
    let url = format!("http://{address}").parse().unwrap();
    let (layer, controller, task) = builder.build_controller_url(url).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        // An event of a target `tracing_loki` would not be sent.
        tracing::info!(target: "service", "the last words");
    });
    let loki = Loki { controller, task: Slot::new(tokio::spawn(task)) };
    let report = lifecycle_ready_made_tests::stopped(loki).await;
    assert!(matches!(report.instances[0].outcome, Outcome::Unconfirmed { .. }));
    assert!(server.await.unwrap().starts_with("POST /loki/api/v1/push"));
}
