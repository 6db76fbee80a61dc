//! A batch job, which is ready from the start and has no report.

use std::time::Duration;

#[lifecycle::main(job, flavor = "current_thread", report = "off")]
async fn main() -> Result<(), String> {
    lifecycle::defer("farewell", || async { println!("farewell") });
    println!("working");
    let (scenario, work) = (std::env::args().nth(1), Duration::from_millis(400));
    match scenario.as_deref() {
        Some("short") => {}
        Some("error") => return Err("no input".to_owned()),
        _ => std::future::pending().await,
    }
    tokio::time::sleep(work).await;
    println!("done");
    Ok(())
}
