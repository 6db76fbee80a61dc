#[lifecycle::main(grace = "30s")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    Ok(())
}
