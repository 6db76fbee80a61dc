//! A service that stops on each signal that `main` can name.

#[lifecycle::main(
    flavor = "current_thread",
    signals(SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGWINCH)
)]
async fn main() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
}
