#[tokio::main]
#[lifecycle::main]
async fn main() {
    println!("hello");
}
