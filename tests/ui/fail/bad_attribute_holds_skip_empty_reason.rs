use lifecycle::Holds;

#[derive(Holds)]
struct Shown {
    #[holds(skip = "")]
    name: String,
}

fn main() {}
