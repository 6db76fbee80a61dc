#[lifecycle::resource]
enum Either {
    Left,
    Right,
}

fn is_used(_: lifecycle::Managed<Either>) {
    fn is_resource<T: lifecycle::Resource>() {}
    is_resource::<Either>();
}

fn main() {}
