//! The shop with `--hand-on`, when RabbitMQ is missing. The package `pair` has the tests with RabbitMQ.

use harness::{Folder, refusal};

const CHECKOUT: &str = env!("CARGO_BIN_EXE_checkout");

/// No server listens on port 1.
#[tokio::test]
async fn a_missing_rabbitmq_is_named_and_the_exit_status_is_1() {
    let folder = Folder::new("refusal");
    let arguments = [folder.text(), "--hand-on"];
    let unset = refusal(CHECKOUT, &arguments, &[]).await;
    assert!(unset.contains("`RABBITMQ_URL` is not set: run `examples/servers rabbitmq`"), "{unset}");
    for url in ["amqp://127.0.0.1:1/%2f", "not a URL"] {
        let refused = refusal(CHECKOUT, &arguments, &[("RABBITMQ_URL", url)]).await;
        assert_eq!(
            refused.matches("cannot connect to RabbitMQ: check `RABBITMQ_URL`").count(),
            1,
            "{refused}"
        );
        // The database was opened before, so it is torn down.
        assert!(refused.contains("Database"), "{refused}");
    }
}
