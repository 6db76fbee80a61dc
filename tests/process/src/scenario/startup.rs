//! Start-ups that end because of a signal, an error or an invalid plan.

use std::future::pending;
use std::time::Duration;

use lifecycle::{Managed, Teardown};

use super::{Says, manage_two, serve, unknown};

pub(super) async fn run(name: &str) -> Result<(), String> {
    match name {
        "endless" => {
            let _says = Says("main dropped");
            let _orders = manage_two();
            println!("waiting for the broker");
            pending::<()>().await;
        }
        "steps" => steps().await,
        "instance cycle" => {
            let (a, b) = (lifecycle::manage_as("a", Part), lifecycle::manage_as("b", Part));
            a.depends_on(&b);
            b.depends_on(&a);
        }
        "generic cycle" => {
            let first = lifecycle::manage(Ping::<u8> { pong: None });
            let second = lifecycle::manage(Pong(0_u8));
            assert!(first.pong.is_none() && second.0 == 0);
        }
        "time-outs do not fit" => {
            let (a, b) = (lifecycle::manage_as("a", Slow), lifecycle::manage_as("b", Slow));
            a.depends_on(&b);
        }
        _ => return Err(unknown(name)),
    }
    serve().await;
    Ok(())
}

/// A start-up of many steps. A step that prints `managed` has managed its value.
async fn steps() {
    for step in 0..12_u32 {
        lifecycle::manage_as(format!("step {step}"), Step(step));
        println!("managed {step}");
        match step % 3 {
            0 => tokio::time::sleep(Duration::from_millis(1)).await,
            1 => tokio::task::yield_now().await,
            _ => std::thread::sleep(Duration::from_micros(500)),
        }
    }
}

#[lifecycle::resource]
struct Step(u32);

#[lifecycle::teardown]
impl Teardown for Step {
    async fn teardown(&self) {
        tokio::task::yield_now().await;
        println!("closed {}", self.0);
    }
}

#[lifecycle::resource]
struct Part;

#[lifecycle::teardown]
impl Teardown for Part {
    async fn teardown(&self) {
        println!("part closed");
    }
}

#[lifecycle::resource(timeout = "700ms")]
struct Slow;

#[lifecycle::teardown]
impl Teardown for Slow {
    async fn teardown(&self) {
        println!("slow closed");
    }
}

/// Generic types are not in the registry. So the plan shows their cycle only after instances are managed.
#[lifecycle::resource(no_teardown = "only its place in the plan counts")]
struct Ping<T> {
    pong: Option<Managed<Pong<T>>>,
}

#[lifecycle::resource(no_teardown = "only its place in the plan counts", depends_on(Ping<T>))]
struct Pong<T>(T);
