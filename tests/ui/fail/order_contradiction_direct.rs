use lifecycle::Managed;

#[lifecycle::resource(no_teardown = "memory only", order = -12)]
struct Database;

#[lifecycle::resource(no_teardown = "memory only", order = 2)]
struct Orders {
    db: Managed<Database>,
}

#[lifecycle::resource(no_teardown = "memory only", last)]
struct Telemetry(Managed<Exporter>);

#[lifecycle::resource(no_teardown = "memory only")]
struct Exporter;

fn main() {}
