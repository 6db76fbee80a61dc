#[lifecycle::resource(oder = 2, priority = 1, order, timeout = 5, timeout = "5s")]
struct Unknown {
    port: u16,
}

#[lifecycle::resource(order = 3000000000, timeout = "30 sekunds", name = "", last = true, no_teardown)]
struct Values;

#[lifecycle::resource(order = "2" timeout = "0s", "last", no_teardown = " ", depends_on = Values)]
struct Shapes;

#[lifecycle::resource(order = 1.5, timeout = "0s", name = 7, depends_on(), crate = "lifecycle", no_teardown = 1)]
struct Types;

#[lifecycle::resource(order = , depends_on(Unknown, Unknown, Own, "Values"),, last(1))]
struct Own;

#[lifecycle::resource(depends_on(Unknown, Unknown, Twice, Self), order = 2u8)]
struct Twice;

fn main() {}
