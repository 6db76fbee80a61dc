use lifecycle::{Managed, Start};

#[lifecycle::resource(no_teardown = "memory only")]
struct Settings;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::start]
impl Start for Database {
    async fn start(_: Managed<Settings>) -> Database {
        Database
    }
}

#[lifecycle::main]
async fn main(_: Managed<Database>, _: Managed<Settings>) {
    let _ = lifecycle::start::<Settings>().await;
}
