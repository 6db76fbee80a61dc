//! Half typed: `main` is there all the same, and its body is checked.
#[lifecycle::main(grace = )]
async fn main() -> Result<(), String> {
    tokio::task::yield_now().await;
    Ok(())
}
