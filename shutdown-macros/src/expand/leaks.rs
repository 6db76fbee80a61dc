//! The lint `unreleased_field`, which needs the types of the fields.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Member, Type, spanned::Spanned};

use super::{question, spanned, unknown, without_self};
use crate::{
    model::{
        field::{self, Field},
        resource::{Release, Resource},
        step::Step,
    },
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
    Some(quote!(#(#checks)*))
}

/// Returns whether the generated code asks anything, so that it needs the items of `question`.
pub(crate) fn asks(model: &Resource) -> bool {
    suspects(model).next().is_some()
        || model.fields.iter().any(|field| matches!(field.step, Some(Step::Known)))
}

/// Returns the same for a generic struct: statements for a constant that knows the parameters.
///
/// rustc evaluates them where the struct is used with concrete types. A field whose type comes from a parameter alone
/// shows nothing even there.
pub(crate) fn check_generic(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    let mut checks = suspects(model).map(|(_, field)| call(model, field, door)).peekable();
    checks.peek()?;
    Some(quote!(#(#checks;)*))
}

/// Lists the fields that may need release and have no attribute.
fn suspects(model: &Resource) -> impl Iterator<Item = (usize, &Field)> {
    model.fields.iter().enumerate().filter(|(_, field)| field.may_leak && field.step.is_none())
}

/// Returns the call that panics. Its tokens span the whole field, so that the error underlines it.
fn call(model: &Resource, field: &Field, door: &TokenStream) -> TokenStream {
    let ident = &model.ident;
    let (own_required, no_teardown) = (model.release == Release::Impl, model.release == Release::Nothing);
    let (owner, label) = (unraw(ident), &field.label);
    // There is no `Self` outside of an impl. Inside of one the struct needs its parameters.
    let (this, ty) = match model.generics.params.is_empty() {
        true => (ident.to_token_stream(), apart(&field.ty, ident)),
        false => (quote!(Self), field.ty.clone()),
    };
    let (found, bare) = (question::found(&ty, door), question::bare(&ty, door));
    let arguments = quote! {
        #found,
        #door::Touches::<#this>::__LIFECYCLE_FIELDS,
        #bare,
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
    call_at(first, &field.ty, &quote_spanned!(first=> unreleased), arguments, door)
}

/// Returns a call of a function of the door, from `first` to the last token of the type.
fn call_at(
    first: Span,
    ty: &Type,
    function: &TokenStream,
    arguments: TokenStream,
    door: &TokenStream,
) -> TokenStream {
    let last = ty.to_token_stream().into_iter().last();
    let last = last.map_or(first, |token| match token {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    });
    let door = spanned(door.clone(), first);
    let mut group = Group::new(Delimiter::Parenthesis, arguments);
    group.set_span(last);
    quote_spanned!(first=> #door::#function #group)
}

/// Returns the type as it is written outside of an impl.
fn apart(ty: &Type, owner: &Ident) -> Type {
    let tokens = without_self(ty.to_token_stream(), owner);
    syn::parse2(tokens).unwrap_or_else(|_| ty.clone())
}

/// Returns the name of the constant that says whether a bare `#[teardown]` is on a type that is only released by value.
/// There is none if the type contains a parameter of the struct, because a constant outside of the impl cannot name it.
pub(crate) fn by_value(model: &Resource, index: usize, field: &Field) -> Option<Ident> {
    let concrete = !field::names_one_of(&field.ty, &model.ident, &model.generics);
    concrete.then(|| format_ident!("_FIELD_{index}_IS_RELEASED_BY_VALUE"))
}

/// Returns what rustc warns of: the fields with a handle that no feature knows and nothing releases.
pub(crate) fn check_clients(model: &Resource, door: &TokenStream) -> TokenStream {
    let fields = suspects(model).filter(|(_, field)| !field.handles.is_empty());
    let fields = fields.filter(|(index, field)| by_value(model, *index, field).is_some());
    fields
        .filter_map(|(index, field)| {
            let (ident, label) = (&model.ident, &field.label);
            let released = match model.generics.params.is_empty() {
                true => quote!(#door::Touches::<#ident>::__LIFECYCLE_FIELDS.has(#label)),
                // No constant can ask the impl of a generic struct. An impl that the struct needs is believed.
                false if model.release == Release::Impl => return None,
                false => quote!(false),
            };
            let name = format!("{}::{label}", unraw(ident));
            Some(unknown::warnings(&field.handles, (&name, index, "teardown"), &released, door))
        })
        .collect()
}

/// Returns the constants of [`by_value`], and for each a constant whose evaluation is the error.
pub(crate) fn check_bare(model: &Resource, door: &TokenStream) -> TokenStream {
    let bare = model.fields.iter().enumerate().filter(|(_, field)| matches!(field.step, Some(Step::Known)));
    bare.filter_map(|(index, field)| {
        let (name, owner, label) = (by_value(model, index, field)?, unraw(&model.ident), &field.label);
        let ty = apart(&field.ty, &model.ident);
        let (found, bare) = (question::found(&ty, door), question::bare(&ty, door));
        let (check, first) = (format_ident!("_FIELD_{index}_CAN_BE_RELEASED"), field.ty.span());
        let arguments = quote!(#found, #bare, #owner, #label);
        let call = call_at(first, &field.ty, &quote_spanned!(first=> by_value), arguments, door);
        let (or_unknown, unknown) =
            match unknown::messages(&field.handles, &format!("{owner}::{label}"), door) {
                None => (None, None),
                Some(messages) => {
                    let arguments = quote!(#found, #bare, #messages);
                    let (check, function) =
                        (format_ident!("_FIELD_{index}_IS_KNOWN"), quote_spanned!(first=> unknown));
                    let call = call_at(first, &field.ty, &function, arguments.clone(), door);
                    (Some(quote!(|| #door::is_unknown(#arguments))), Some(quote!(const #check: () = #call;)))
                }
            };
        Some(quote! {
            const #name: bool = #door::is_by_value(#found, #bare) #or_unknown;
            const #check: () = #call;
            #unknown
        })
    })
    .collect()
}
