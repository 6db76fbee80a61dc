struct Pool;

impl Pool {
    async fn close(&self, _code: u16) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(clse)]
    misspelt: Pool,
    #[teardown(close)]
    argument: Pool,
}

fn main() {}
