//! `ready`: every form of a readiness check.

use std::fmt::Display;
use std::future::{Future, ready};
use std::pin::Pin;

use lifecycle::{Lifecycle, resource};

#[resource(no_teardown = "a test", ready = ping)]
struct Unit;

impl Unit {
    fn ping(&self) {}
}

#[resource(no_teardown = "a test", ready = ping)]
struct Bool;

impl Bool {
    fn ping(&self) -> bool {
        true
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Fallible(String);

impl Fallible {
    fn ping(&self) -> Result<(), std::io::Error> {
        Err(std::io::Error::other(self.0.clone()))
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct AsyncUnit(String);

impl AsyncUnit {
    async fn ping(&self) {
        ready(&self.0).await;
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct AsyncBool;

impl AsyncBool {
    async fn ping(&self) -> bool {
        false
    }
}

#[resource(no_teardown = "a test", ready = is_up, order = 3, timeout = "2s", last)]
struct AsyncFallible;

impl AsyncFallible {
    async fn is_up(&self) -> Result<bool, &'static str> {
        Ok(true)
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Boxed(String);

impl Boxed {
    fn ping(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

/// A time-out has a `Result` in a `Result`.
#[resource(no_teardown = "a test", ready = ping)]
struct Nested;

impl Nested {
    async fn ping(&self) -> Result<Result<(), String>, String> {
        Ok(Ok(()))
    }
}

#[resource(no_teardown = "a test", ready = ping)]
struct Generic<T: Display, const N: usize>
where
    T: Clone,
{
    value: T,
}

impl<T: Display + Clone + Send + Sync, const N: usize> Generic<T, N> {
    async fn ping(&self) -> Result<(), String> {
        Err(format!("{} {N}", self.value))
    }
}

/// A trait that is in scope has methods, too.
trait Ping {
    fn r#try(&self) -> bool;
}

#[resource(no_teardown = "a test", ready = r#try)]
struct OfTrait;

impl Ping for OfTrait {
    fn r#try(&self) -> bool {
        true
    }
}

fn main() {
    let lifecycle = Lifecycle::builder().build();
    lifecycle.manage(Unit);
    lifecycle.manage(Bool);
    lifecycle.manage(Fallible(String::new()));
    lifecycle.manage(AsyncUnit(String::new()));
    lifecycle.manage(AsyncBool);
    lifecycle.manage(AsyncFallible);
    lifecycle.manage(Boxed(String::new()));
    lifecycle.manage(Nested);
    lifecycle.manage(Generic::<_, 3> { value: 7 });
    lifecycle.manage(OfTrait);
}
