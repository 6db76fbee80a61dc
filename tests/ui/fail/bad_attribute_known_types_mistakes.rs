lifecycle::known_types! {
    lifecycle_ui_other_crate::Store, "", "flush";
    impl<T> lifecycle_ui_other_crate::Pool<T>, "its sessions";
    lifecycle_ui_other_crate::Connection, "the last statement", "close", take, take;
}

fn main() {}
