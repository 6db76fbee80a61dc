#[lifecycle::resource(no_teardown = "memory only", at_notice = "deregister")]
struct Quoted;

#[lifecycle::resource(no_teardown = "memory only", at_notice)]
struct Bare;

#[lifecycle::resource(no_teardown = "memory only", at_notice = self.deregister())]
struct Called;

#[lifecycle::resource(at_notice = deregister no_teardown = "memory only")]
struct NoComma;

fn main() {}
