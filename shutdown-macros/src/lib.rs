//! The attribute macros of `lifecycle`. Their docs are in that crate, where the examples can run.
//!
//! Tokens go through three stages: `parse` (spanned keys and values, no rules), `model` (a model exists only if every
//! rule holds), and `expand` (tokens again). All rules, and so all messages about them, are in `model`.

mod errors;
mod expand;
mod forward;
mod model;
mod parse;
mod suggest;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro_attribute]
pub fn resource(args: TokenStream, item: TokenStream) -> TokenStream {
    forward::resource(&args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro_attribute]
pub fn teardown(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::teardown::attribute(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro_attribute]
pub fn start(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::start::attribute(&args.into(), &item.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::main_fn::attribute(&args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::test_fn::attribute(&args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro_derive(Holds, attributes(holds))]
pub fn holds(item: TokenStream) -> TokenStream {
    expand::holds::derive(item.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro]
pub fn needs_release(args: TokenStream) -> TokenStream {
    expand::needs_release::call(args.into()).into()
}

#[allow(missing_docs, reason = "documented where it is re-exported")]
#[proc_macro]
pub fn known_types(list: TokenStream) -> TokenStream {
    expand::known_types::call(list.into()).into()
}

#[doc(hidden)]
#[proc_macro_derive(__Resource, attributes(__lifecycle_resource, __lifecycle_teardown))]
pub fn derive_resource(item: TokenStream) -> TokenStream {
    expand::resource::derive(item.into()).into()
}

/// A derive that only lends its name to a message of rustc.
///
/// No macro of this crate sees a `#[teardown]` on a field of a plain struct. rustc refuses it, and names the derives that
/// know such an attribute. So the name of this derive says what is missing.
#[doc(hidden)]
#[proc_macro_derive(lifecycle_resource, attributes(teardown))]
pub fn named_by_rustc(_: TokenStream) -> TokenStream {
    forward::no_derive().into()
}
