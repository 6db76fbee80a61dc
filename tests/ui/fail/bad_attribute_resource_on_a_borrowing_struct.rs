#[lifecycle::resource]
struct Borrowed<'a> {
    name: &'a str,
}

fn is_used(_: lifecycle::Managed<Borrowed<'static>>) {
    fn is_resource<T: lifecycle::Resource>() {}
    is_resource::<Borrowed<'static>>();
}

fn main() {}
