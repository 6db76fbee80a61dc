use std::fs::File;

#[lifecycle::resource]
struct Worker {
    #[teardown]
    log: File,
    held: std::io::BufWriter<File>,
}

fn main() {}
