use lifecycle::Start;

#[lifecycle::resource(provided, no_teardown = "memory only")]
struct Database;

#[lifecycle::start]
impl Start for Database {
    async fn start() -> Database {
        Database
    }
}

fn main() {}
