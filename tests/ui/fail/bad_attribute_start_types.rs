use lifecycle::Start;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::start]
impl Start for Database {
    async fn start(_: u16) -> Result<String, std::io::Error> {
        Ok(String::new())
    }
}

struct NoDisplay;

#[lifecycle::resource(no_teardown = "memory only")]
struct Cache;

#[lifecycle::start]
impl Start for Cache {
    async fn start() -> Result<Cache, NoDisplay> {
        Err(NoDisplay)
    }
}

fn main() {}
