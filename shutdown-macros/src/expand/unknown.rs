//! The lint `unknown_client`, and what a bare `#[teardown]` says about the same types.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use super::question;
use crate::model::{
    clients::{Client, Kind},
    handle::Handle,
};

/// Returns statements that rustc warns of, one for each handle that no feature knows.
///
/// rustc has one warning with a text of our own: the one of a deprecated item. So the statement names a method that
/// exists twice: in the core for `Client<false>`, and in a deprecated trait of the user's crate for every type. An
/// inherent method wins. rustc prints the path of the method, so the path is the one of the docs.
///
/// `field` is the name in messages, `number` the one in generated code. `attribute` is how the user skips the field.
/// `released` is an expression.
pub(super) fn warnings(
    handles: &[Handle],
    (field, number, attribute): (&str, usize, &str),
    released: &TokenStream,
    door: &TokenStream,
) -> TokenStream {
    // A plain struct has no teardown.
    let method = if attribute == "teardown" { "name the method that releases it, or " } else { "" };
    let each = handles.iter().enumerate().map(|(index, handle)| {
        let is_unknown = is_unknown(handle, door);
        // rustc drops the warning if a token of the path has the span of the derive.
        let client = format_ident!("__LifecycleField{number}Client{index}", span = handle.place);
        let note = format!(
            "`{field}` {}\n\
             help: {}\n\
             help: or {method}say why nothing has to be done: `#[{attribute}(skip = \"..\")]`\n\
             note: {NOTE}",
            is_unknown_because(handle),
            help(handle.client),
        );
        let path = quote_spanned!(handle.place=> #client::unknown_client);
        // No token of the user may stand in the inner block, because the module has the name of the crate.
        quote! {
            type #client = #door::Client<{ #is_unknown && !#released }>;
            {
                mod lifecycle {
                    pub(super) trait lints {
                        #[deprecated(note = #note)]
                        fn unknown_client(&self) {}
                    }
                    impl<T> lints for T {}
                }
                use lifecycle::lints as _;
                let _: fn(&#client) = #path;
            }
        }
    });
    each.collect()
}

/// Returns an array for `is_unknown` of the core: for each handle whether no feature knows it, and what a bare
/// `#[teardown]` then says. Returns `None` if there is no handle.
pub(super) fn messages(handles: &[Handle], field: &str, door: &TokenStream) -> Option<TokenStream> {
    if handles.is_empty() {
        return None;
    }
    let each = handles.iter().map(|handle| {
        let is_unknown = is_unknown(handle, door);
        let message = format!(
            "lifecycle::lints::unknown_client: a bare `#[teardown]` cannot release `{field}`, which {}\n\
             help: {}\n\
             help: or name the method: `#[teardown(close)]`, `#[teardown(lock().await.shutdown())]`; or say why \
             nothing has to be done: `#[teardown(skip = \"..\")]`\n\
             note: {NOTE}",
            is_unknown_because(handle),
            help(handle.client),
        );
        quote!((#is_unknown, #message))
    });
    Some(quote!(&[#(#each),*]))
}

const NOTE: &str = "the docs of `lifecycle::lints::unknown_client` say what to do about other versions, and how to allow this";

/// Says what is wrong, after the name of the field.
fn is_unknown_because(handle: &Handle) -> String {
    let (krate, written) = (handle.client.crates[0], handle.written());
    format!("looks like a type of `{krate}`, and no feature that is turned on knows `{written}`")
}

/// Says what makes the type known.
fn help(client: &Client) -> String {
    let krate = client.crates[0];
    match client.features {
        [] => format!("copy the line for `{krate}` from the docs of `lifecycle::lints::ready_made`"),
        [(feature, version)] => {
            format!("turn on the feature `{feature}` of the package `shutdown-core`, for {krate} {version}")
        }
        several => {
            let each = several.iter().map(|(feature, version)| format!("`{feature}` for {krate} {version}"));
            let each: Vec<_> = each.collect();
            format!("turn on a feature of the package `shutdown-core`: {}", each.join(", or "))
        }
    }
}

/// Returns whether no feature knows the type, and a value of it may lose something, as an expression.
fn is_unknown(handle: &Handle, door: &TokenStream) -> TokenStream {
    let Handle { client, ty, argument, .. } = handle;
    let unknown = quote!(!#door::Leaks::<#ty, __LifecycleList>::__LIFECYCLE_KNOWN);
    match (client.kind, argument) {
        (Kind::Handle, _) | (Kind::Writer, None) => unknown,
        (Kind::Writer, Some(writer)) => {
            quote!(#unknown && !#door::Writes::<#writer>::__LIFECYCLE_MEMORY)
        }
        (Kind::Wrapper, None) => quote!(false),
        (Kind::Wrapper, Some(inner)) => {
            // These questions look into tuples.
            let (whole, inner) = (question::found(ty, door), question::found(inner, door));
            quote!(#whole.is_none() && #inner.is_some())
        }
    }
}
