use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "memory only")]
struct Orders {
    stock: Option<Managed<Stock>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Stock {
    name: String,
    orders: Vec<Managed<Orders>>,
}

fn main() {}
