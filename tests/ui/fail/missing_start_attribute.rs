use lifecycle::Start;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

impl Start for Database {
    async fn start() -> Database {
        Database
    }
}

fn main() {}
