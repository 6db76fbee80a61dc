use lifecycle::{Managed, Start};

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::resource(no_teardown = "memory only")]
struct Cache {
    _database: Managed<Database>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Own;

#[lifecycle::start]
impl Start for Database {
    async fn start(_: Managed<Cache>) -> Database {
        Database
    }
}

#[lifecycle::start]
impl Start for Cache {
    async fn start(_database: Managed<Database>) -> Cache {
        Cache { _database }
    }
}

#[lifecycle::start]
impl Start for Own {
    async fn start(_: Managed<Own>) -> Own {
        Own
    }
}

fn main() {}
