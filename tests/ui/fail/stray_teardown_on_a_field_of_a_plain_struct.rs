struct Pool;

struct Database {
    #[teardown(close)]
    pool: Pool,
}

fn main() {}
