use lifecycle::Managed;
use lifecycle_ui_other_crate::Books;

#[lifecycle::resource(no_teardown = "memory only", order = 2)]
struct Api {
    books: Option<Managed<Books>>,
}

fn main() {}
