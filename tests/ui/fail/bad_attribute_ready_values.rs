//! `ready` takes the name of a method.

use lifecycle::resource;

#[resource(no_teardown = "a test", ready)]
struct NoValue;

#[resource(no_teardown = "a test", ready =)]
struct EmptyValue;

#[resource(no_teardown = "a test", ready = "ping")]
struct Quoted;

#[resource(no_teardown = "a test", ready(ping))]
struct Listed;

#[resource(no_teardown = "a test", ready = ping())]
struct Called;

#[resource(no_teardown = "a test", ready = Self::ping)]
struct Pathed;

#[resource(no_teardown = "a test", ready = |this| true)]
struct Closure;

#[resource(no_teardown = "a test", ready = fn)]
struct Keyword;

#[resource(no_teardown = "a test", ready = ping timeout = "2s")]
struct NoComma;

#[resource(no_teardown = "a test", ready = ping, ready = pong)]
struct Twice;

#[resource(no_teardown = "a test", redy = ping)]
struct Misspelt;

fn main() {}
