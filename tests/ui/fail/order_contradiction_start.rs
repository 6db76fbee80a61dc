use lifecycle::{Managed, Start};

#[lifecycle::resource(order = 2, no_teardown = "memory only")]
struct Orders;

#[lifecycle::resource(order = 1, provided, no_teardown = "memory only")]
struct Database;

#[lifecycle::start]
impl Start for Orders {
    async fn start(_: Managed<Database>) -> Orders {
        Orders
    }
}

fn main() {}
