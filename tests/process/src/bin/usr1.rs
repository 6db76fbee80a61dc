//! A service that stops on SIGUSR1 and on no other signal.

#[lifecycle::main(flavor = "current_thread", signals(SIGUSR1))]
async fn main() {
    lifecycle::defer("farewell", || async { println!("farewell") });
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
}
