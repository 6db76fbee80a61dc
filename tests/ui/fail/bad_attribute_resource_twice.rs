#[lifecycle::resource(no_teardown = "memory only")]
#[derive(Debug)]
#[lifecycle::resource(order = 2)]
struct Twice;

#[lifecycle::resource]
#[lifecycle::resource]
#[lifecycle::resource]
struct Thrice {
    #[teardown]
    log: std::fs::File,
}

fn main() {}
