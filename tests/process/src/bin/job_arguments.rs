//! A batch job whose argument does not start: it takes for ever, or it fails.

use lifecycle::{Managed, Start};

#[lifecycle::resource(no_teardown = "memory only")]
struct Input;

#[lifecycle::start]
impl Start for Input {
    async fn start() -> Result<Input, &'static str> {
        println!("starting");
        if std::env::args().nth(1).is_some_and(|scenario| scenario == "fails") {
            return Err("no input");
        }
        std::future::pending().await
    }
}

#[lifecycle::main(job, flavor = "current_thread")]
async fn main(_input: Managed<Input>) {
    println!("working");
}
