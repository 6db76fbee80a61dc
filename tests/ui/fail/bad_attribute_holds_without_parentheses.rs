use lifecycle::Holds;

#[derive(Holds)]
struct Shown {
    #[holds]
    name: String,
}

fn main() {}
