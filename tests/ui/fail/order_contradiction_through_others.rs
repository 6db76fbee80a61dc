use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "memory only", order = 3)]
struct Api {
    orders: Managed<Orders>,
}

#[lifecycle::resource(no_teardown = "memory only", depends_on(Database))]
struct Orders;

#[lifecycle::resource(no_teardown = "memory only", order = 1)]
struct Database;

fn main() {}
