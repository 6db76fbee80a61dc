struct Pool;

struct Database {
    #[teardown(close)]
    pool: Pool,
}

struct Orders {
    #[lifecycle::teardown(close)]
    pool: Pool,
}

fn main() {}
