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
    // Each start is repeated for 5 s, so both run at once.
    let other = Folder::new("refusal-of-a-url");
    let (nobody, no_url) = ([("RABBITMQ_URL", "amqp://127.0.0.1:1/%2f")], [("RABBITMQ_URL", "not a URL")]);
    let others = [other.text(), "--hand-on"];
    let (first, second) =
        tokio::join!(refusal(CHECKOUT, &arguments, &nobody), refusal(CHECKOUT, &others, &no_url));
    for refused in [first, second] {
        assert_eq!(
            refused.matches("cannot connect to RabbitMQ: check `RABBITMQ_URL`").count(),
            1,
            "{refused}"
        );
        // The database was opened before, so it is torn down.
        assert!(refused.contains("Database"), "{refused}");
    }
}
