//! The smallest program that stops gracefully.

#[lifecycle::main]
#[expect(clippy::unused_async, reason = "it is the smallest")]
async fn main() {
    println!("hello");
}
