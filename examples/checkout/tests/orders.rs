//! The orders that the shop takes.

use harness::{Connection, Folder, Method, Service, StatusCode};

/// The journal, RabbitMQ and PostgreSQL could not store the refused ids.
#[tokio::test]
async fn an_id_that_a_later_system_cannot_store_is_refused() {
    let folder = Folder::new("ids");
    let checkout = Service::start(env!("CARGO_BIN_EXE_checkout"), &[folder.text()], &[]).await;
    let mut connection = Connection::open(checkout.socket()).await.expect("the shop listens");
    let (longest, longer) = ("x".repeat(64), "x".repeat(65));
    let (created, refused) = (StatusCode::CREATED, StatusCode::BAD_REQUEST);
    let ids = [
        ("order-1", created),
        (&longest, created),
        (&longer, refused),
        ("a%0Ab", refused),
        ("a%00b", refused),
        ("%C3%A9", refused),
    ];
    for (id, status) in ids {
        let answer = connection.request(Method::PUT, &format!("/orders/{id}"), "one espresso").await;
        let answer = answer.expect("the shop answers");
        assert_eq!(answer.status, status, "{id}: {}", answer.body);
    }
    checkout.stopped().await;
}

#[tokio::test]
async fn an_order_is_placed_once_and_can_be_asked_for() {
    let folder = Folder::new("once");
    let checkout = Service::start(env!("CARGO_BIN_EXE_checkout"), &[folder.text()], &[]).await;
    let mut connection = Connection::open(checkout.socket()).await.expect("the shop listens");
    let expected = [
        (Method::GET, StatusCode::NOT_FOUND),
        (Method::PUT, StatusCode::CREATED),
        (Method::PUT, StatusCode::OK),
        (Method::GET, StatusCode::OK),
    ];
    for (method, status) in expected {
        let answer = connection.request(method.clone(), "/orders/mine", "one espresso").await;
        assert_eq!(answer.expect("the shop answers").status, status, "{method}");
    }
    checkout.stopped().await;
}
