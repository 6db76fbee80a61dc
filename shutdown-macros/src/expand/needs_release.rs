//! `needs_release!(Type, "what is lost", "method")`, which declares a type of the user to the lint.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Generics, parse_quote};

use crate::{errors::Errors, model::needs_release::NeedsRelease};

pub(crate) fn call(args: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let code = NeedsRelease::check(args, &errors).map(|model| {
        // A type of the user's own crate is on every list of known types.
        let mut generics = model.generics.clone();
        generics.params.push(parse_quote!(__LifecycleAnyList: 'static));
        impls(&model, &generics, &quote!(__LifecycleAnyList), true)
    });
    let errors = errors.report();
    quote!(#errors #code)
}

/// Returns the impls for one type. `list` is the list that the type is on. `own` says that the type is of the user's crate.
pub(super) fn impls(model: &NeedsRelease, listed: &Generics, list: &TokenStream, own: bool) -> TokenStream {
    let NeedsRelease { krate, ty, name, form, lost, does, call, blocking, take, .. } = model;
    let door = quote!(#krate::__private);
    let header = |what: &TokenStream, generics: &Generics| {
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        quote!(#[diagnostic::do_not_recommend] impl #impl_generics #door::#what for #ty #where_clause)
    };
    let (form, locked) = match (take, blocking) {
        (true, _) => (format!("lifecycle::Slot<{form}>"), None),
        // An async thread takes that lock, so a release that blocks must not run under it.
        (false, false) if own => (form.clone(), Some(quote!(.locked("tokio::sync::Mutex")))),
        (false, _) => (form.clone(), None),
    };
    let leaks = header(&quote!(NeedsRelease<#list>), listed);
    let owned = header(&quote!(ReleaseOwned<#list>), listed);
    let value = format_ident!("__lifecycle_value");
    let settled = quote! {
        #[allow(unused_imports, reason = "the most common kind needs no import")]
        use #door::ProbeStep as _;
        match #call {
            #value => (&mut #door::Probe::value(&#value)).__lifecycle_kind().settle(#value).await,
        }
    };
    let by_value =
        if *take { settled.clone() } else { quote!(<Self as #door::Release<#list>>::release(&self).await) };
    let by_reference = (!take).then(|| {
        let release = header(&quote!(Release<#list>), listed);
        quote! {
            #release {
                const BLOCKING: bool = #blocking;

                async fn release(&self) -> ::core::result::Result<(), #door::String> {
                    #settled
                }
            }
        }
    });
    // The trait has no list, because a list would make its impls overlap. So only the type's own crate may implement it.
    let by_mut = (!take && own).then(|| {
        let release = header(&quote!(ReleaseMut), &model.generics);
        quote! {
            #release {
                async fn release_mut(&mut self) -> ::core::result::Result<(), #door::String> {
                    <Self as #door::Release<#door::NoList>>::release(self).await
                }
            }
        }
    });
    quote! {
        const _: () = {
            #leaks {
                const LEAK: ::core::option::Option<#door::Leak> =
                    ::core::option::Option::Some(#door::Leak::new(#name, #lost, #does, #form) #locked);
            }

            #by_reference
            #by_mut

            #owned {
                const BLOCKING: bool = #blocking;

                async fn release_owned(self) -> ::core::result::Result<(), #door::String> {
                    #by_value
                }
            }
        };
    }
}
