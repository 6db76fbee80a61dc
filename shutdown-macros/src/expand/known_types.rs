//! `known_types! { .. }`, which tells the lint about types of other crates.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::needs_release;
use crate::{errors::Errors, model::needs_release::NeedsRelease};

pub(crate) fn call(list: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let models: Vec<_> =
        entries(list).into_iter().filter_map(|entry| NeedsRelease::check(entry, &errors)).collect();
    let types = models
        .iter()
        .map(|model| needs_release::impls(model, &model.generics, &quote!(LifecycleKnownTypes), false));
    let types: TokenStream = types.collect();
    let errors = errors.report();
    quote! {
        #errors
        #[doc = "The list of types of other crates that the resources of this crate know. It has to be in the crate's root."]
        #[allow(dead_code, reason = "only its name is used")]
        pub(crate) enum LifecycleKnownTypes {}
        // A list that is not in the root is an error here. Otherwise no resource would see it.
        const _: fn(crate::LifecycleKnownTypes) = |_: LifecycleKnownTypes| {};
        #types
    }
}

/// Splits the list at its semicolons.
fn entries(list: TokenStream) -> Vec<TokenStream> {
    let mut entries = vec![Vec::new()];
    for token in list {
        match (&token, entries.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ';' => entries.push(Vec::new()),
            (_, Some(entry)) => entry.push(token),
            (_, None) => {}
        }
    }
    entries.into_iter().filter(|entry| !entry.is_empty()).map(|entry| entry.into_iter().collect()).collect()
}
