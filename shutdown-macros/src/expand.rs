//! Turns models into tokens. Every rule holds by now, except those that need types: rustc checks them.

pub(crate) mod cycle;
pub(crate) mod holds;
pub(crate) mod known_types;
pub(crate) mod leaks;
pub(crate) mod main_fn;
pub(crate) mod needs_release;
mod question;
pub(crate) mod resource;
pub(crate) mod start;
pub(crate) mod teardown;
pub(crate) mod test_fn;
mod unknown;

use std::time::Duration;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// Returns a `Duration` as an expression.
fn duration(value: Duration) -> TokenStream {
    let (seconds, nanos) = (value.as_secs(), value.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}

/// Sets the span of every token. rustc reports an error at the user's code only if a whole path has its span.
fn spanned(tokens: TokenStream, span: Span) -> TokenStream {
    let at = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), spanned(group.stream(), span)).into();
        }
        token.set_span(span);
        token
    };
    tokens.into_iter().map(at).collect()
}

/// Replaces `Self` by the struct, for a place outside of an impl.
fn without_self(tokens: TokenStream, owner: &Ident) -> TokenStream {
    let replace = |token: TokenTree| match token {
        TokenTree::Ident(word) if word == "Self" => {
            let mut owner = owner.clone();
            owner.set_span(word.span());
            TokenTree::Ident(owner)
        }
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), without_self(group.stream(), owner));
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}
