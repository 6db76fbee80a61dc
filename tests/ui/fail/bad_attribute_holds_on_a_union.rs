use lifecycle::Holds;

#[derive(Holds)]
union Bits {
    int: u32,
}

fn main() {}
