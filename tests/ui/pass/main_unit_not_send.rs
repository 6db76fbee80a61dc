use std::rc::Rc;

/// Documented.
#[lifecycle::main(flavor = "current_thread", job, report = "off", signals(SIGTERM, SIGUSR1,),)]
#[allow(unused_variables)]
pub async fn main() {
    let not_send = Rc::new(1);
    tokio::task::yield_now().await;
    let unused = not_send;
}
