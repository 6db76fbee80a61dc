#[lifecycle::resource]
enum Either {
    Left,
    Right,
}

#[lifecycle::resource]
union Bits {
    int: u32,
    float: f32,
}

#[lifecycle::resource]
fn function() {}

#[lifecycle::resource]
impl Either {}

#[lifecycle::resource]
struct Borrowed<'a> {
    name: &'a str,
}

#[lifecycle::resource(no_teardown = "memory only")]
#[lifecycle::resource(no_teardown = "memory only")]
struct Twice;

fn use_them(_: lifecycle::Managed<Either>, _: lifecycle::Managed<Borrowed<'static>>) {
    fn is_resource<T: lifecycle::Resource>() {}
    is_resource::<Either>();
    is_resource::<Borrowed<'static>>();
}

fn main() {}
