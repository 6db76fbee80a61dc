use lifecycle::{Managed, Start};

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::start]
impl Start for Database {
    async fn start() -> Database {
        Database
    }
}

struct NoDisplay;

fn database() -> Result<Database, NoDisplay> {
    Err(NoDisplay)
}

#[lifecycle::main(provide = [String::new(), database()])]
async fn main(_database: Managed<Database>) {
    let _: u8 = "plain";
}

mod literal {
    #[lifecycle::main(provide = "database")]
    async fn main() {}
}
