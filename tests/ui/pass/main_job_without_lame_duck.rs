#[lifecycle::main(job, lame_duck = "0s", report = "off")]
async fn main() -> Result<(), String> {
    Ok(())
}
