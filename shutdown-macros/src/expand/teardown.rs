//! `#[lifecycle::teardown]`: adds `type Output` from the signature of `teardown`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use syn::Path;

use crate::{
    errors::{Errors, Lint},
    model::{
        first_span, krate,
        teardown::{Impl, Teardown},
        touched::Touched,
    },
    parse::{self, Entry},
};

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let code = expand(args, &item, &errors).unwrap_or(item);
    let errors = errors.report();
    quote!(#errors #code)
}

/// Returns the completed impl, or `None` if the item stays as it is.
fn expand(args: TokenStream, item: &TokenStream, errors: &Errors) -> Option<TokenStream> {
    let parsed: Option<Impl> = syn::parse2(item.clone()).ok();
    let Some(found) = parsed.filter(is_teardown) else {
        let message = "`#[teardown]` applies to an `impl Teardown for ..` and to a field of a `#[lifecycle::resource]`; move or remove it";
        errors.at(first_span(item), Lint::StrayTeardown, message);
        return None;
    };
    let krate = krate::quietly(&args);
    if parse::entries(args.clone())
        .iter()
        .any(|entry| !matches!(entry, Entry::Key(key) if key.text() == "crate"))
    {
        let message = "`#[lifecycle::teardown]` on an impl takes only `crate = path`; name the method on a field: `#[teardown(close)]`";
        errors.spanned(args, Lint::BadAttribute, message);
    }
    match found.check(errors) {
        Teardown::Complete => {
            let (touched, method, rest) = (found.touched(&krate), &found.method, &found.rest);
            Some(found.with(&krate, &quote!(#touched #rest #method)))
        }
        Teardown::Output(output) => {
            let (touched, method, rest) = (found.touched(&krate), &found.method, &found.rest);
            Some(found.with(&krate, &quote!(type Output = #output; #touched #rest #method)))
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
            let (stub, method) = (found.with(&krate, &stub), found.apart());
            Some(quote!(#stub #method))
        }
    }
}

fn is_teardown(found: &Impl) -> bool {
    found.trait_.segments.last().is_some_and(|last| last.ident == "Teardown")
}

impl Impl {
    /// Returns the impl with another content.
    fn with(&self, krate: &Path, content: &TokenStream) -> TokenStream {
        let Self { attrs, generics, trait_, self_ty, .. } = self;
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let mut body = proc_macro2::Group::new(proc_macro2::Delimiter::Brace, content.clone());
        body.set_span(self.brace.span.join());
        // The attributes of the user's impl are on that impl alone, except those that may remove it.
        let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
        // rustc would list this impl for every missing one. The bounds of a generic impl are worth listing.
        let quiet = generics.params.is_empty().then(|| quote!(#[diagnostic::do_not_recommend]));
        quote! {
            #(#attrs)*
            #quiet
            impl #impl_generics #trait_ for #self_ty #where_clause #body
            #(#cfgs)*
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #krate::__private::HasAttribute for #self_ty #where_clause {}
        }
    }

    /// Returns the fields that the body names, for the lint. Without the constant all fields count as named.
    fn touched(&self, krate: &Path) -> Option<TokenStream> {
        let Touched::Only(fields) = Touched::by(&self.method.as_ref()?.body) else {
            return None;
        };
        let door = quote!(#krate::__private);
        Some(quote!(const __LIFECYCLE_TOUCHED: #door::Touched = #door::Touched::Only(&[#(#fields),*]);))
    }

    /// Returns the refused method under another name, so that rustc still checks its body.
    fn apart(&self) -> Option<TokenStream> {
        let (method, self_ty) = (self.method.as_ref()?, &self.self_ty);
        let (attrs, body) = (&method.attrs, &method.body);
        let mut signature = method.signature.clone();
        signature.ident = format_ident!("__lifecycle_refused");
        let (impl_generics, _, where_clause) = self.generics.split_for_impl();
        Some(quote!(impl #impl_generics #self_ty #where_clause { #(#attrs)* #signature #body }))
    }
}
