//! `#[lifecycle::test]`: a plain test around the user's async one.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{duration, main_fn::call};
use crate::{
    errors::{Errors, Lint},
    model::{
        first_span,
        main_fn::{Function, Word},
        test_fn::Test,
    },
};

pub(crate) fn attribute(args: &TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let Ok(function) = syn::parse2::<Function>(item.clone()) else {
        let message = "`#[lifecycle::test]` applies to an `async fn`; write it above each test";
        errors.at(first_span(&item), Lint::BadAttribute, message);
        let errors = errors.report();
        return quote!(#errors #item);
    };
    let code = match Test::check(args, &function, &errors) {
        Some(model) => expand(&model, &function),
        None => item,
    };
    let errors = errors.report();
    quote!(#errors #code)
}

fn expand(model: &Test, function: &Function) -> TokenStream {
    let Function { attrs, vis, signature, body } = function;
    let krate = &model.krate;
    let door = quote!(#krate::__private);
    let name = &signature.ident;
    let duration_type = quote!(::core::time::Duration);
    let time = |value: &Duration| duration(*value);
    let grace = call("grace", model.grace.as_ref(), Some(&duration_type), time);
    let lame_duck = call("lame_duck", model.lame_duck.as_ref(), Some(&duration_type), time);
    let word = |method: &str, of: &str, word: &Word| {
        let (method, of) = (format_ident!("{method}"), format_ident!("{of}"));
        let variant = Ident::new(word.value, word.span);
        quote_spanned!(word.span=> .#method(#door::#of::#variant))
    };
    let clock = model.clock.as_ref().map(|clock| word("clock", "TestClock", clock));
    let report = model.report.as_ref().map(|report| word("report", "Wanted", report));
    quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() {
            #[allow(clippy::unused_async, reason = "the attribute requires an async function")]
            #signature { #body }
            #door::Test::new() #grace #lame_duck #clock #report .run(#name())
        }
    }
}
