#![deny(dead_code)]

use lifecycle::{Managed, Teardown};

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Never {
    #[teardown(close)]
    pool: Pool,
}

#[lifecycle::resource]
struct Own(Option<Managed<Self>>);

#[lifecycle::teardown]
impl Teardown for Own {
    async fn teardown(&self) {
        let _ = &self.0;
    }
}

#[lifecycle::resource(no_teardown = "nothing in it")]
struct Unit;

/// Its field is asked, which is no use of it.
#[lifecycle::resource(no_teardown = "nothing in it")]
struct Asked(Option<Pool>);

#[derive(lifecycle::Holds)]
struct Shown(Option<Pool>);

fn main() {}
