lifecycle::known_types! {
    std::fs::File, "the last writes", "sync_all", blocking;
}

fn main() {}
