use std::rc::Rc;

use lifecycle::Teardown;

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    #[teardown(close)]
    pool: Pool,
    name: Rc<str>,
}

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {}
}

fn main() {}
