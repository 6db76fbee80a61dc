//! One mistake, one error: what has no teardown at all is not asked for its fields too.
use std::fs::File;

#[lifecycle::resource]
struct Log {
    file: File,
}

fn main() {}
