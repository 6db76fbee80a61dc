//! Each warning is allowed by its name, or both by rustc's; in a library they would be errors here.
#![deny(deprecated)]
#![allow(dead_code)]

use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

type Db = Database;

#[lifecycle::resource(depends_on(Database), allow(implied_dependency), no_teardown = "memory only")]
struct Implied(Managed<Database>);

#[lifecycle::resource(depends_on(Database, Db), allow(duplicate_dependency), no_teardown = "memory only")]
struct Duplicate;

#[lifecycle::resource(
    depends_on(Database, Db),
    allow(implied_dependency, duplicate_dependency),
    no_teardown = "memory only"
)]
struct Both(Managed<Database>);

#[lifecycle::resource(depends_on(Database, Db), no_teardown = "memory only")]
#[allow(deprecated)]
struct AsRustcCallsIt(Managed<Database>);

fn main() {}
