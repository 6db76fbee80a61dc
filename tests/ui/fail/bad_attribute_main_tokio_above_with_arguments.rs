#[tokio::main(flavor = "current_thread")]
#[lifecycle::main(grace = "30s", lame_duck = "5s")]
async fn main() -> Result<(), String> {
    Ok(())
}
