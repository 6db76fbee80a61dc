//! Warnings, made errors here so that they are seen.
#![deny(deprecated)]

use std::sync::Arc;

use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::resource(no_teardown = "memory only")]
struct Broker;

type Db = Database;

#[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
struct Orders {
    db: Managed<Database>,
}

#[lifecycle::resource(depends_on(Broker, Db), no_teardown = "memory only")]
struct Replicas(Vec<Arc<Managed<Database>>>);

#[lifecycle::resource(depends_on(Database, Broker, Db), no_teardown = "memory only")]
struct Twice;

#[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
#[allow(dead_code, deprecated)]
struct Allowed(Managed<Database>);

/// The other warning is not this one.
#[lifecycle::resource(depends_on(Database), allow(duplicate_dependency), no_teardown = "memory only")]
struct StillImplied(Managed<Database>);

#[lifecycle::resource(depends_on(Database, Db), allow(implied_dependency), no_teardown = "memory only")]
struct StillDuplicate;

#[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
struct Needed(Managed<Broker>);

fn main() {}
