use lifecycle::Managed;

#[lifecycle::resource]
struct Database(u32);

#[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
struct Orders {
    db: Managed<Database>,
}

fn main() {}
