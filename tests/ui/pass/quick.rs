use lifecycle::{Managed, Teardown};

struct Pool;

impl Pool {
    async fn close(&self) -> Result<(), String> {
        Ok(())
    }
}

#[lifecycle::resource(order = 2)]
struct Database {
    #[teardown(close)]
    pool: Pool,
}

#[lifecycle::resource]
struct Orders {
    db: Managed<Database>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) -> Result<(), std::io::Error> {
        drop(self.db.clone());
        Ok(())
    }
}

#[lifecycle::main(grace = "30s", lame_duck = "5s")]
async fn main() -> Result<(), String> {
    let _: fn(Managed<Database>) -> Orders = |db| Orders { db };
    let _ = Database { pool: Pool };
    Ok(())
}
