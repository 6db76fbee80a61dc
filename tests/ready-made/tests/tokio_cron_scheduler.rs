//! Jobs of a `tokio_cron_scheduler::JobScheduler`.

include!("../../../shutdown-core/ready-made/tokio_cron_scheduler.rs");

use lifecycle::Lifecycle;

#[tokio::test]
async fn the_schedule_ends() {
    let report = Lifecycle::builder().run(async { start("0 0 0 1 1 *").await.map(drop) }).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.instances.len(), 1);
}
