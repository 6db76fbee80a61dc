use lifecycle::Holds;

#[derive(Holds)]
#[holds(crat = lifecycle)]
struct Shown;

fn main() {}
