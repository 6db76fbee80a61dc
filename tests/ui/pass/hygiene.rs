#![allow(dead_code, non_upper_case_globals)]

mod core {}
mod std {}
struct Option;
struct Result;
struct Managed;
struct Send;
struct Clone;
struct Failures;
struct Leak;
struct Field;
struct Check;

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

trait Asks {
    const FOUND: u8 = 1;
    const BARE: u8 = 1;
    const FIELDS: u8 = 1;
    const YES: u8 = 1;
}

impl<T> Asks for T {}

#[::lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
struct Asked {
    leak: Leak,
    field: Field,
    orders: ::lifecycle::Managed<Orders>,
}

#[derive(::lifecycle::Holds)]
struct Shown {
    held: Check,
    needs: ::lifecycle::Managed<Orders>,
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
