use lifecycle::{Managed, Start};
use lifecycle_ui_other_crate::Books;

#[lifecycle::resource(no_teardown = "memory only")]
struct Orders;

#[lifecycle::start]
impl Start for Orders {
    async fn start(_books: Managed<Books>) -> Orders {
        Orders
    }
}

#[lifecycle::main]
async fn main(_orders: Managed<Orders>) {}
