use lifecycle::{Managed, Start};

#[lifecycle::resource(no_teardown = "memory only")]
struct A;

#[lifecycle::start]
impl Start for A {
    fn start(&self) {}
}

#[lifecycle::resource(no_teardown = "memory only")]
struct B;

#[lifecycle::start]
impl Start for B {
    async fn start<T>(_: Managed<A>, _: Managed<A>) -> B {
        B
    }

    async fn stop() {}

    const NUMBER: u32 = 1;
}

#[lifecycle::resource(no_teardown = "memory only")]
struct C;

#[lifecycle::start]
impl Start for C {}

#[lifecycle::start]
struct D;

fn main() {}
