//! `type Output`, from the signature of `teardown`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use syn::{Path, parse_quote};

use crate::{
    errors::{Errors, Lint},
    model::{
        first_span, krate,
        teardown::{Impl, Teardown},
    },
    parse::{self, Entry},
};

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let code = expand(args, &item, &errors).unwrap_or(item);
    let errors = errors.report();
    quote!(#errors #code)
}

/// The impl with what it lacks; `None` if it is to stay as it is.
fn expand(args: TokenStream, item: &TokenStream, errors: &Errors) -> Option<TokenStream> {
    let parsed: Option<Impl> = syn::parse2(item.clone()).ok();
    let Some(found) = parsed.filter(is_teardown) else {
        let message =
            "`#[teardown]` goes on `impl Teardown for ..`, or on a field of a `#[lifecycle::resource]`";
        errors.at(first_span(item), Lint::StrayTeardown, message);
        return None;
    };
    let krate = krate::quietly(&args);
    if parse::entries(args.clone())
        .iter()
        .any(|entry| !matches!(entry, Entry::Key(key) if key.text() == "crate"))
    {
        let message = "on the impl `#[lifecycle::teardown]` takes nothing; what to call is said on a field";
        errors.spanned(args, Lint::BadAttribute, message);
    }
    match found.check(errors) {
        Teardown::Complete => None,
        Teardown::Output(output) => {
            let (method, rest) = (found.granted(&krate), &found.rest);
            Some(found.with(&quote!(type Output = #output; #rest #method)))
        }
        Teardown::Refused(output) => {
            let rest = &found.rest;
            let stub = quote! {
                type Output = #output;
                async fn teardown(&self) -> #output {
                    ::core::unreachable!()
                }
                #rest
            };
            let (stub, method) = (found.with(&stub), found.apart());
            Some(quote!(#stub #method))
        }
    }
}

fn is_teardown(found: &Impl) -> bool {
    found.trait_.segments.last().is_some_and(|last| last.ident == "Teardown")
}

impl Impl {
    /// The impl around another content.
    fn with(&self, content: &TokenStream) -> TokenStream {
        let Self { attrs, generics, trait_, self_ty, .. } = self;
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let mut body = proc_macro2::Group::new(proc_macro2::Delimiter::Brace, content.clone());
        body.set_span(self.brace.span.join());
        quote!(#(#attrs)* impl #impl_generics #trait_ for #self_ty #where_clause #body)
    }

    /// The method under the bound that the trait's has too: why is said at `Granted`.
    fn granted(&self, krate: &Path) -> Option<TokenStream> {
        let method = self.method.as_ref()?;
        let (attrs, body, mut signature) = (&method.attrs, &method.body, method.signature.clone());
        let bound = parse_quote!(for<'__a> Self: #krate::__private::Granted<'__a>);
        signature.generics.make_where_clause().predicates.push(bound);
        Some(quote!(#(#attrs)* #signature #body))
    }

    /// The refused method where its body is checked all the same, as what it was written as.
    fn apart(&self) -> Option<TokenStream> {
        let (method, self_ty) = (self.method.as_ref()?, &self.self_ty);
        let (attrs, body) = (&method.attrs, &method.body);
        let mut signature = method.signature.clone();
        signature.ident = format_ident!("__lifecycle_refused");
        let (impl_generics, _, where_clause) = self.generics.split_for_impl();
        Some(quote!(impl #impl_generics #self_ty #where_clause { #(#attrs)* #signature #body }))
    }
}
