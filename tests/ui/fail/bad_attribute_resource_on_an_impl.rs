#[lifecycle::resource]
impl Database {}

struct Database;

fn main() {}
