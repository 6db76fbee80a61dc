#[lifecycle::resource(no_teardown = "memory only")]
struct Settings(#[teardown(skip = "only read")] std::fs::File);

fn main() {
    let _: fn(Settings) = |settings| drop(settings.0);
}
