#[lifecycle::resource(no_teardown = "memory only", at_notice = deregister)]
struct Registration;

impl Registration {
    async fn deregistered(&self) {}
}

fn main() {}
