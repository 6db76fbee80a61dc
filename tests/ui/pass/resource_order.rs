#[lifecycle::resource(order = -1, no_teardown = "memory only")]
struct Early;

#[lifecycle::resource(order = 2147483647, no_teardown = "memory only")]
struct Latest;

#[lifecycle::resource(order = -2147483648, no_teardown = "memory only")]
struct Earliest;

fn main() {
    let _ = (Early, Latest, Earliest);
}
