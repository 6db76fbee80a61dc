#[lifecycle::resource(allow(implied_dependancy, dead_code), no_teardown = "memory only")]
struct Misspelt;

#[lifecycle::resource(allow(duplicate_dependency, duplicate_dependency), no_teardown = "memory only")]
struct Twice;

#[lifecycle::resource(allow, no_teardown = "memory only")]
struct WithoutList;

#[lifecycle::resource(allow("implied_dependency"), no_teardown = "memory only")]
struct InQuotes;

fn main() {}
