use lifecycle::Holds;

#[derive(Holds)]
struct Unit;

#[derive(Holds)]
struct Tuple(u8, #[holds(skip = "only read")] std::fs::File);

#[derive(Holds)]
struct Generic<T> {
    value: Option<T>,
}

#[derive(Holds)]
enum Kind {
    Off,
    One(Tuple),
    Named {
        #[holds(skip = "its owner awaits it")]
        task: tokio::task::JoinHandle<()>,
    },
}

fn main() {
    let _: fn(Tuple) = |tuple| drop((tuple.0, tuple.1));
    let _: fn(Kind) = |kind| match kind {
        Kind::Off => {}
        Kind::One(tuple) => drop(tuple),
        Kind::Named { task } => drop(task),
    };
    let _ = (Unit, Generic { value: Some(1) }.value, Kind::Off);
}
