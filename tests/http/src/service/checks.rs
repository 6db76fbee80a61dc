//! Instances whose readiness checks misbehave.

use std::future::pending;
use std::thread::sleep;
use std::time::Duration;

/// Names what its check does.
#[lifecycle::resource(no_teardown = "there is nothing to release", ready = ping)]
struct Checked(String);

impl Checked {
    async fn ping(&self) -> Result<(), String> {
        println!("asked: {}", self.0);
        match &*self.0 {
            "hangs" => pending().await,
            "panics" => panic!("no such server"),
            "blocks" => {
                sleep(Duration::from_secs(120));
                Ok(())
            }
            error => Err(error.to_owned()),
        }
    }
}

/// Manages an instance for each name in a list.
pub(super) fn manage(names: &str) {
    for name in names.split(',') {
        lifecycle::manage_as(name.to_owned(), Checked(name.to_owned()));
    }
}
