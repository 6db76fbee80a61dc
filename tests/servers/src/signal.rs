/// Completes at SIGTERM.
pub async fn terminated() {
    let kind = tokio::signal::unix::SignalKind::terminate();
    tokio::signal::unix::signal(kind).expect("the signal can be handled").recv().await;
}
