struct Pool;

#[lifecycle::resource]
struct Database {
    pool: Pool,
}

fn main() {}
