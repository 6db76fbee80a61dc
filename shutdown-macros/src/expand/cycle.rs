//! The lints `dependency_cycle` and `order_contradiction`, which need the declarations of other types.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::spanned;
use crate::model::resource::Resource;

/// Returns a constant that checks each edge, in the order of `super::resource::edges`. An error points at the type of
/// the edge.
///
/// The constant has a name, because rustc takes a constant `_` for used, and with it the resource that it names.
pub(crate) fn check(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    let fields = model.fields.iter().filter(|field| field.may_hold);
    let types = fields.map(|field| &field.ty).chain(&model.depends_on);
    let mut checks = types
        .enumerate()
        .map(|(edge, ty)| {
            // The tokens span from the first to the last of the type, so that the error underlines all of it.
            let tokens = ty.to_token_stream().into_iter();
            let last = tokens.last().map_or(ty.span(), |token| match token {
                TokenTree::Group(group) => group.span_close(),
                other => other.span(),
            });
            let mut arguments = Group::new(Delimiter::Parenthesis, quote!(&__DECLARATION, #edge));
            arguments.set_span(last);
            let place = spanned(door.clone(), ty.span());
            quote_spanned!(ty.span()=> #place::check #arguments;)
        })
        .peekable();
    checks.peek()?;
    Some(quote! {
        const _CAN_BE_TORN_DOWN: () = {
            #(#checks)*
        };
    })
}
