//! The warnings about `depends_on` that only the types can tell.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::spanned;
use crate::model::resource::Resource;

pub(crate) fn check(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    let fields: Vec<_> = model.fields.iter().filter(|field| field.may_hold).collect();
    let dependencies = &model.depends_on;
    let generic = !model.generics.params.is_empty();
    if generic || dependencies.is_empty() || fields.is_empty() && dependencies.len() < 2 {
        return None;
    }
    let allow = &model.allow;
    let warn = |function, on: &syn::Type, answers: Vec<TokenStream>| {
        // rustc drops the warning unless every token of the path is the user's.
        let (span, door) = (on.span(), spanned(door.clone(), on.span()));
        let function = syn::Ident::new(function, span);
        (!answers.is_empty())
            .then(|| quote_spanned!(span=> #door::Check::<{ false #(|| #answers)* }>::#function();))
    };
    let checks = dependencies.iter().enumerate().map(|(index, on)| {
        let fields = fields.iter().map(|field| &field.ty);
        let implied = fields.map(|ty| quote!(#door::Implied::<#ty, #on>::__LIFECYCLE_YES)).collect();
        let before = dependencies.iter().take(index);
        let twice = before.map(|other| quote!(#door::Same::<#other, #on>::__LIFECYCLE_YES)).collect();
        let implied = (!allow.implied_dependency).then(|| warn("implied_dependency", on, implied));
        let twice = (!allow.duplicate_dependency).then(|| warn("duplicate_dependency", on, twice));
        quote!(#implied #twice)
    });
    let ident = &model.ident;
    let allowed = &model.allowed;
    Some(quote! {
        #(#allowed)*
        impl #ident {
            const __LIFECYCLE_REDUNDANT: () = {
                use #door::No as _;
                #(#checks)*
            };
        }
    })
}
