use lifecycle::Managed;

#[lifecycle::resource]
struct Database(u32);

#[lifecycle::resource(no_teardown = "memory only")]
struct Orders {
    db: Managed<Database>,
}

#[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
struct Stock;

fn main() {}
