use std::rc::Rc;

use lifecycle::Teardown;

struct Pool;

impl Pool {
    async fn close(&self) {
        let not_send = Rc::new(1);
        self.end().await;
        drop(not_send);
    }

    async fn end(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(close)]
    pool: Pool,
}

#[lifecycle::resource]
struct Own;

#[lifecycle::teardown]
impl Teardown for Own {
    async fn teardown(&self) {
        Pool.close().await;
    }
}

fn main() {}
