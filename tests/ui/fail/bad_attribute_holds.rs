use lifecycle::Holds;

#[derive(Holds)]
union Bits {
    a: u8,
}

#[derive(Holds)]
#[holds(crat = lifecycle)]
struct Unknown {
    #[holds]
    a: u8,
    #[holds(skip)]
    b: u8,
    #[holds(skip = "")]
    c: u8,
    #[holds(skp = "why")]
    d: u8,
}

fn main() {}
