#![allow(dead_code, non_upper_case_globals)]

mod core {}
mod std {}
struct Option;
struct Result;
struct Managed;
struct Send;
struct Clone;
struct Failures;

trait Blanket {
    fn step(&self) {}
    fn own(&self) {}
    fn settle(&self) {}
}

impl<T> Blanket for T {}

struct Pool;

impl Pool {
    async fn close(&self, _failures: u8) {}
}

const this: u8 = 1;
const failures: u8 = 2;
const value: u8 = 3;

#[::lifecycle::resource(order = 1, timeout = "1s")]
struct Database {
    #[teardown(close(self.number))]
    pool: Pool,
    number: u8,
    option: Option,
    managed: Managed,
}

#[::lifecycle::resource(depends_on(Database))]
struct Orders {
    db: ::lifecycle::Managed<Database>,
}

#[::lifecycle::teardown]
impl ::lifecycle::Teardown for Orders {
    async fn teardown(&self) {}
}

#[::lifecycle::main(grace = "2s")]
async fn main() {}
