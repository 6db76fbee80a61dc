struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Database(#[teardown(close)] Pool);

fn main() {}
