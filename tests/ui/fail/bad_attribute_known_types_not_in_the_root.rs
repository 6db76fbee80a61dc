mod known {
    lifecycle::known_types! {
        lifecycle_ui_other_crate::Store, "the writes that are still in memory", "flush";
    }
}

fn main() {}
