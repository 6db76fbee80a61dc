#[lifecycle::resource(r#order = 1, r#last)]
struct r#Type {
    #[teardown]
    r#async: std::fs::File,
}

fn main() {
    let _: fn(r#Type) = |value| drop(value.r#async);
}
