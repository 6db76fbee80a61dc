#[lifecycle::resource(order = 1)]
struct Cache<T> {
    entries: Vec<T>,
}

fn main() {}
