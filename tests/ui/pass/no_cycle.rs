#![deny(warnings)]
#![allow(dead_code)]

use std::sync::Arc;

use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "memory only")]
struct Tree {
    parent: Option<Arc<Managed<Self>>>,
    children: Vec<Managed<Tree>>,
}

// A diamond, and orders that agree with it.
#[lifecycle::resource(no_teardown = "memory only", order = 1)]
struct Top(Managed<Left>, Managed<Right>);

#[lifecycle::resource(no_teardown = "memory only")]
struct Left(Managed<Bottom>);

#[lifecycle::resource(no_teardown = "memory only", order = 1)]
struct Right(Managed<Bottom>, Managed<Other>);

#[lifecycle::resource(no_teardown = "memory only", order = 2)]
struct Bottom;

#[lifecycle::resource(no_teardown = "memory only", order = 1)]
struct Other;

// A plain value is no handle.
#[lifecycle::resource(no_teardown = "memory only")]
struct First(Option<Box<Second>>);

#[lifecycle::resource(no_teardown = "memory only")]
struct Second(Option<Managed<First>>);

// What is the last depends on what is the last.
#[lifecycle::resource(no_teardown = "memory only", last, order = 7)]
struct Telemetry(Managed<Exporter>);

#[lifecycle::resource(no_teardown = "memory only", last, depends_on(Deep))]
struct Exporter;

// Circles of generic types are found at the start only.
#[lifecycle::resource(no_teardown = "memory only", last)]
struct Deep(Option<Managed<Ring<u8>>>);

#[lifecycle::resource(no_teardown = "memory only", last)]
struct Ring<T>(Option<Managed<Gnir<T>>>, T);

#[lifecycle::resource(no_teardown = "memory only", last)]
struct Gnir<T>(Option<Managed<Ring<T>>>, T);

fn main() {
    let _ = (Bottom, Other);
}
