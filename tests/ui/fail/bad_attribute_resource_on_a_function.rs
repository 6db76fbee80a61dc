#[lifecycle::resource]
fn function() {}

fn main() {}
