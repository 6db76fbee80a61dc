//! `#[lifecycle::resource]` passes the struct on to a hidden derive, because only a derive sees the fields after `cfg`
//! is resolved. The `#[teardown]` of each field becomes a private helper attribute. Otherwise a
//! `use lifecycle::teardown` would make the name ambiguous.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use crate::{
    errors::{Errors, Lint},
    model::{self, krate},
    parse,
};

pub(crate) fn resource(args: &TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    if !is_type(&item) {
        errors.at(
            model::first_span(&item),
            Lint::BadAttribute,
            "`#[lifecycle::resource]` applies to a struct; to clean up anything else, call `lifecycle::defer`",
        );
        let errors = errors.report();
        return quote!(#errors #item);
    }
    if is_forwarded(&item) {
        // The call site is the second of two attributes. The span is resolved as the user's own token, because rustc
        // otherwise adds that the error comes from a macro.
        errors.at(
            model::first_span(&item).located_at(Span::call_site()),
            Lint::BadAttribute,
            "the struct has two `#[lifecycle::resource]`; put all keys into one, and remove the other",
        );
        let errors = errors.report();
        return quote!(#errors #item);
    }
    let none = errors.report();
    let krate = krate::quietly(args);
    let item = rename(item);
    let derive = quote!(#krate::__private::Resource);
    quote! {
        #none
        #[derive(#derive)]
        #[__lifecycle_resource(#args)]
        #item
    }
}

/// Refuses the derive that exists only for its name in a message of rustc.
pub(crate) fn no_derive() -> TokenStream {
    let errors = Errors::new();
    let message = "`lifecycle_resource` is not a derive; write `#[lifecycle::resource]` on the struct";
    errors.at(Span::call_site(), Lint::BadAttribute, message);
    errors.report()
}

/// Returns whether another `#[lifecycle::resource]` has passed the item on already.
fn is_forwarded(item: &TokenStream) -> bool {
    let is_ours = |token: TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
            let first = group.stream().into_iter().next();
            matches!(first, Some(TokenTree::Ident(name)) if name == "__lifecycle_resource")
        }
        _ => false,
    };
    item.clone().into_iter().any(is_ours)
}

/// Returns whether a derive can apply to the item. The derive itself refuses an enum and a union.
fn is_type(item: &TokenStream) -> bool {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => match parse::unraw(&ident).as_str() {
            "struct" | "enum" | "union" => Some(true),
            "pub" | "crate" => None,
            _ => Some(false),
        },
        _ => None,
    }) == Some(true)
}

/// Renames every `#[teardown ..]` inside the item.
fn rename(tokens: TokenStream) -> TokenStream {
    let mut after_pound = false;
    let rename_in = |token: TokenTree| match token {
        TokenTree::Group(group) => {
            let inner = group.stream();
            let inner = match group.delimiter() {
                Delimiter::Bracket if after_pound => attribute(inner),
                Delimiter::Brace | Delimiter::Parenthesis => rename(inner),
                Delimiter::Bracket | Delimiter::None => inner,
            };
            after_pound = false;
            let mut renamed = Group::new(group.delimiter(), inner);
            renamed.set_span(group.span());
            TokenTree::Group(renamed)
        }
        other => {
            after_pound = matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '#');
            other
        }
    };
    tokens.into_iter().map(rename_in).collect()
}

/// Renames the content of `#[..]`: `teardown`, `lifecycle::teardown`, or either in a `cfg_attr`.
fn attribute(inner: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = inner.into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(name), TokenTree::Group(group)] if name == "cfg_attr" => {
            let pieces = parse::pieces(group.stream()).into_iter();
            let pieces = pieces.map(|piece| attribute(piece.into_iter().collect()));
            let mut renamed = Group::new(group.delimiter(), quote!(#(#pieces),*));
            renamed.set_span(group.span());
            quote!(#name #renamed)
        }
        [TokenTree::Ident(name), rest @ ..] if name == "teardown" => renamed(name, rest),
        [
            TokenTree::Ident(krate),
            TokenTree::Punct(a),
            TokenTree::Punct(b),
            TokenTree::Ident(name),
            rest @ ..,
        ] if krate == "lifecycle" && a.as_char() == ':' && b.as_char() == ':' && name == "teardown" => {
            renamed(name, rest)
        }
        _ => tokens.into_iter().collect(),
    }
}

fn renamed(name: &Ident, rest: &[TokenTree]) -> TokenStream {
    let helper = quote_spanned!(name.span()=> __lifecycle_teardown);
    quote!(#helper #(#rest)*)
}
