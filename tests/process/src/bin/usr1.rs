//! A service that is stopped by a signal of its own choice, and by no other.

#[lifecycle::main(flavor = "current_thread", signals(SIGUSR1))]
async fn main() {
    lifecycle::defer("farewell", || async { println!("farewell") });
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
}
