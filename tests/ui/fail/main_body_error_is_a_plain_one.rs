#[lifecycle::main]
async fn main() -> Result<(), String> {
    let port: u16 = "80";
    Err(format!("no {porto}"))
}
