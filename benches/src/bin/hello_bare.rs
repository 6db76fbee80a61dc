//! The smallest program on bare tokio.

#[tokio::main]
async fn main() {
    println!("hello");
}
