use std::rc::Rc;

#[lifecycle::resource(no_teardown = "memory only", at_notice = deregister)]
struct Registration;

impl Registration {
    async fn deregister(&self) {
        let count = Rc::new(1);
        std::future::ready(()).await;
        drop(count);
    }
}

fn main() {}
