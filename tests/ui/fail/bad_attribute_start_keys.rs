use lifecycle::Start;

#[lifecycle::resource(provided = true, no_teardown = "memory only")]
struct Settings;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::start(timeout = "5 parsecs", retries = 3, retry = "0s")]
impl Start for Database {
    async fn start() -> Database {
        Database
    }
}

fn main() {}
