//! An idle service with one instance of each of a hundred resource types.

/// Generates a module for each digit. The token after `;` selects the content: another digit, or the resource
/// type.
macro_rules! each {
    ($($digit:ident)*; (type)) => {
        $(mod $digit {
            #[lifecycle::resource(no_teardown = "its place in the plan is what counts")]
            struct Store;

            pub(super) fn manage() {
                lifecycle::manage(Store);
            }
        })*
        each!(all: $($digit)*);
    };
    ($($digit:ident)*; (digit $then:tt)) => {
        $(mod $digit {
            each!(d0 d1 d2 d3 d4 d5 d6 d7 d8 d9; $then);
        })*
        each!(all: $($digit)*);
    };
    (all: $($digit:ident)*) => {
        pub(super) fn manage() {
            $($digit::manage();)*
        }
    };
}

mod types {
    each!(d0 d1 d2 d3 d4 d5 d6 d7 d8 d9; (digit (type)));
}

#[lifecycle::main]
async fn main() {
    types::manage();
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
}
