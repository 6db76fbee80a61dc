//! The smallest program that stops gracefully.

#[lifecycle::main]
async fn main() {
    println!("hello");
}
