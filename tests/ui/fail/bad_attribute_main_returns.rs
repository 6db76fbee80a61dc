#[lifecycle::main]
async fn main() -> Result<u32, String> {
    Ok(7)
}
