//! A program whose dependencies form a cycle through a generic type, which no macro can see.

use std::marker::PhantomData;

use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "only its place in the plan counts")]
struct Hub {
    spoke: Option<Managed<Spoke<u8>>>,
}

#[lifecycle::resource(no_teardown = "only its place in the plan counts", depends_on(Hub))]
struct Spoke<T>(PhantomData<T>);

#[lifecycle::main(flavor = "current_thread")]
async fn main() {
    println!("main runs");
    let hub = lifecycle::manage(Hub { spoke: None });
    assert!(hub.spoke.is_none());
    let spoke = lifecycle::manage(Spoke(PhantomData::<u8>));
    let Spoke(PhantomData) = &*spoke;
    tokio::task::yield_now().await;
}
