use lifecycle::Holds;

#[derive(Holds)]
struct Shown {
    #[holds(skip = "only read")]
    #[holds(skip = "only read")]
    name: String,
}

fn main() {}
