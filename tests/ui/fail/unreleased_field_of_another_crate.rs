use lifecycle_ui_other_crate as other;

lifecycle::known_types! {
    other::Store, "the writes that are still in memory", "flush", blocking;
    impl<T: Send + Sync + 'static> other::Pool<T>, "its sessions", "close(200)";
    other::Connection, "the last statement", "close", take;
}

type Shared<T> = std::sync::Arc<Option<T>>;

mod storage {
    use super::{Shared, other};

    #[lifecycle::resource(no_teardown = "corpus")]
    struct Storage {
        store: other::Store,
        pools: Vec<(String, other::Pool<u8>)>,
        shared: Shared<other::Pool<String>>,
        connection: std::sync::Mutex<Option<other::Connection>>,
        log: std::fs::File,
    }

    mod inner {
        #[derive(lifecycle::Holds)]
        struct Plain {
            pool: lifecycle_ui_other_crate::Pool<()>,
        }

        #[lifecycle::resource]
        struct Inner<T> {
            #[teardown]
            connection: lifecycle_ui_other_crate::Connection,
            values: Vec<T>,
        }

        #[lifecycle::resource(no_teardown = "corpus")]
        struct Outer {
            plain: Option<Plain>,
        }
    }
}

fn main() {}
