mod b {
    pub struct Plain;
}

#[lifecycle::resource(depends_on(b::Plain, String), no_teardown = "memory only")]
struct Orders;

fn main() {}
