#[lifecycle::resource(no_teardown = "memory only", at_notice = deregister)]
struct TakesMore;

impl TakesMore {
    async fn deregister(&self, why: &str) {
        drop(why);
    }
}

#[lifecycle::resource(no_teardown = "memory only", at_notice = deregister)]
struct TakesItself;

impl TakesItself {
    async fn deregister(self) {}
}

fn main() {}
