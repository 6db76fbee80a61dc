struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(close)]
    pool: Pool,
    #[teardown(skip = "only read")]
    config: std::fs::File,
}

fn main() {
    let _: fn(Database) = |database| drop((database.pool, database.config));
}
