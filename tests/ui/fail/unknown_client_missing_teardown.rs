//! Nothing releases the resource, and no feature knows its field: the error says the first, the warning the second.

mod sqlx {
    pub struct PgPool;
}

#[lifecycle::resource]
struct Database {
    pool: sqlx::PgPool,
}

fn main() {
    let _ = Database { pool: sqlx::PgPool }.pool;
}
