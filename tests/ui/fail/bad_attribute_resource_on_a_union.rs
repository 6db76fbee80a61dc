#[lifecycle::resource]
union Bits {
    int: u32,
    float: f32,
}

fn is_used(_: lifecycle::Managed<Bits>) {
    fn is_resource<T: lifecycle::Resource>() {}
    is_resource::<Bits>();
}

fn main() {}
