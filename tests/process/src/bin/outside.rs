//! A program that forgot the attribute on `main`.

#[lifecycle::resource(no_teardown = "never managed")]
struct Stray;

fn main() {
    lifecycle::manage(Stray);
}
