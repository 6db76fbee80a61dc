//! Half typed: the struct is there all the same.
#[lifecycle::resource(depends_on)]
struct Database(u16);

fn is_used(database: lifecycle::Managed<Database>) {
    fn is_resource<T: lifecycle::Resource>() {}
    is_resource::<Database>();
    let _: u16 = database.0;
}

fn main() {}
