//! The lints `dependency_cycle` and `order_contradiction`: what only the declarations of other types can tell.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::spanned;
use crate::model::resource::Resource;

/// One constant, which checks each edge in the order of `super::resource::edges`, at the type that makes it.
///
/// It has a name that begins with an underscore: what is called `_` is alive for rustc, and with it all that it names,
/// the resource too.
pub(crate) fn check(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    let fields = model.fields.iter().filter(|field| field.may_hold);
    let types = fields.map(|field| &field.ty).chain(&model.depends_on);
    let mut checks = types
        .enumerate()
        .map(|(edge, ty)| {
            // Spanned from the first token to the last, so that all of the type is shown.
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
