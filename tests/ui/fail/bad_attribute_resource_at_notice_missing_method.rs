#[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
struct Registration;

impl Registration {
    async fn leaves(&self) {}
}

fn main() {}
