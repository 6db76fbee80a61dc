struct Pool;

#[lifecycle::resource]
struct Database {
    #[teardown]
    pool: Option<Pool>,
}

fn main() {}
