#[lifecycle::resource(no_teardown = "memory only", at_notice = deregister)]
struct Plain;

impl Plain {
    fn deregister(&self) -> bool {
        true
    }
}

struct NotDisplay;

#[lifecycle::resource(no_teardown = "memory only", at_notice = deregister)]
struct Later;

impl Later {
    async fn deregister(&self) -> Result<(), NotDisplay> {
        Err(NotDisplay)
    }
}

fn main() {}
