//! R31: `at_notice` takes a method that is async or not, and returns `()` or a `Result`.

use std::fmt::Display;
use std::future::Future;

#[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
struct Plain;

impl Plain {
    fn leave(&self) {}
}

#[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
struct PlainResult;

impl PlainResult {
    fn leave(&self) -> Result<(), String> {
        Err("no".to_owned())
    }
}

#[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
struct Later;

impl Later {
    async fn leave(&self) {}
}

#[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
struct LaterResult;

impl LaterResult {
    async fn leave(&self) -> std::io::Result<()> {
        Ok(())
    }
}

#[lifecycle::resource(no_teardown = "memory only", at_notice = r#move)]
struct Boxed;

impl Boxed {
    fn r#move(&self) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error>>> + Send + '_>> {
        Box::pin(async { Ok(()) })
    }
}

trait Leave {
    fn leave(&self) -> impl Future<Output = ()> + Send;
}

#[lifecycle::resource(order = 1, no_teardown = "memory only", at_notice = leave)]
struct ByTrait;

impl Leave for ByTrait {
    async fn leave(&self) {}
}

#[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
struct Generic<T: Display> {
    value: T,
}

impl<T: Display> Generic<T> {
    async fn leave(&self) -> Result<(), String> {
        Err(self.value.to_string())
    }
}

fn main() {
    let _ = (Plain, PlainResult, Later, LaterResult, Boxed, ByTrait, Generic { value: 1 });
}
