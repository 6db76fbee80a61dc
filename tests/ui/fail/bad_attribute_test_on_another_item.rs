struct Orders;

#[lifecycle::test]
impl Orders {
    fn count(&self) -> usize {
        0
    }
}

impl Orders {
    #[lifecycle::test]
    async fn a_method(&self) {}
}

#[lifecycle::test]
mod tests {}

#[lifecycle::test]
struct Database;

fn main() {
    // The items are there in spite of the mistakes.
    let _ = (Database, Orders.count());
}
