//! The lint `unreleased_field`, which needs the types of the fields.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Member, spanned::Spanned};

use super::{spanned, without_self};
use crate::{
    model::{field::Field, resource::Resource},
    parse::unraw,
};

/// Returns a constant for each field that may need release and has no attribute. Each field has its own, because the
/// evaluation of a constant ends at its first error.
pub(crate) fn check(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    if !model.generics.params.is_empty() {
        return None;
    }
    let mut checks = suspects(model)
        .map(|(index, field)| {
            // rustc prints the name: "evaluation of `.._FIELD_0_IS_RELEASED` failed here".
            let (name, call) = (format_ident!("_FIELD_{index}_IS_RELEASED"), call(model, field, door));
            quote!(const #name: () = #call;)
        })
        .peekable();
    checks.peek()?;
    Some(quote! {
        use #door::Otherwise as _;
        #(#checks)*
    })
}

/// Returns the same for a generic struct: statements for a constant that knows the parameters.
///
/// rustc evaluates them where the struct is used with concrete types. A field whose type comes from a parameter alone
/// shows nothing even there.
pub(crate) fn check_generic(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    let mut checks = suspects(model).map(|(_, field)| call(model, field, door)).peekable();
    checks.peek()?;
    Some(quote! {
        use #door::Otherwise as _;
        #(#checks;)*
    })
}

/// Lists the fields that may need release and have no attribute.
fn suspects(model: &Resource) -> impl Iterator<Item = (usize, &Field)> {
    model.fields.iter().enumerate().filter(|(_, field)| field.may_leak && field.step.is_none())
}

/// Returns the call that panics. Its tokens span the whole field, so that the error underlines it.
fn call(model: &Resource, field: &Field, door: &TokenStream) -> TokenStream {
    let Resource { ident, own_required, no_teardown, .. } = model;
    let (owner, label) = (unraw(ident), &field.label);
    // There is no `Self` outside of an impl. Inside of one the struct needs its parameters.
    let (this, ty) = match model.generics.params.is_empty() {
        true => (ident.to_token_stream(), without_self(field.ty.to_token_stream(), ident)),
        false => (quote!(Self), field.ty.to_token_stream()),
    };
    let arguments = quote! {
        #door::Leaks::<#ty>::__LIFECYCLE_FOUND,
        #door::Touches::<#this>::__LIFECYCLE_FIELDS,
        #door::Released::<#ty>::__LIFECYCLE_BARE,
        &#door::Field {
            owner: #owner,
            name: #label,
            own_required: #own_required,
            no_teardown: #no_teardown,
        },
    };
    let first = match &field.member {
        Member::Named(ident) => ident.span(),
        Member::Unnamed(_) => field.ty.span(),
    };
    let last = field.ty.to_token_stream().into_iter().last();
    let last = last.map_or(first, |token| match token {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    });
    let door = spanned(door.clone(), first);
    let mut group = Group::new(Delimiter::Parenthesis, arguments);
    group.set_span(last);
    quote_spanned!(first=> #door::unreleased #group)
}
