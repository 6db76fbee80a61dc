#![allow(dead_code)]

#[lifecycle::resource(allow(unknown_clients), no_teardown = "memory only")]
struct Misspelt;

#[lifecycle::resource(allow(unreleased_field), no_teardown = "memory only")]
struct AnError;

#[lifecycle::resource(allow("unknown_client"), no_teardown = "memory only")]
struct InQuotes;

#[lifecycle::resource(allow = unknown_client, no_teardown = "memory only")]
struct Assigned;

#[lifecycle::resource(allow, no_teardown = "memory only")]
struct WithoutName;

#[derive(lifecycle::Holds)]
#[holds(allow(unused))]
struct Plain;

fn main() {}
