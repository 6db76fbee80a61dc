//! Models to tokens. Every rule is assumed to hold; what is left to rustc is what only types can tell.

pub(crate) mod main_fn;
pub(crate) mod resource;
pub(crate) mod teardown;

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// `Option<T>` as an expression.
fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// A `Duration` as an expression.
fn duration(value: Duration) -> TokenStream {
    let (seconds, nanos) = (value.as_secs(), value.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}
