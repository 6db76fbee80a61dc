//! `needs_release!(Type, "what is lost", "method")`, which declares a type of the user to the lint.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::{errors::Errors, model::needs_release::NeedsRelease};

pub(crate) fn call(args: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let code = NeedsRelease::check(args, &errors).map(|model| expand(&model));
    let errors = errors.report();
    quote!(#errors #code)
}

fn expand(model: &NeedsRelease) -> TokenStream {
    let NeedsRelease { krate, ty, name, lost, does, call, blocking } = model;
    // An async thread takes that lock, so a release that blocks must not run under it.
    let locked = (!blocking).then(|| quote!(.locked("tokio::sync::Mutex")));
    let (door, value) = (quote!(#krate::__private), format_ident!("__lifecycle_value"));
    quote! {
        const _: () = {
            #[diagnostic::do_not_recommend]
            impl #door::NeedsRelease for #ty {
                const LEAK: ::core::option::Option<#door::Leak> =
                    ::core::option::Option::Some(#door::Leak::new(#name, #lost, #does, #name) #locked);
            }

            #[diagnostic::do_not_recommend]
            impl #door::Release for #ty {
                const BLOCKING: bool = #blocking;

                async fn release(&self) -> ::core::result::Result<(), #door::String> {
                    #[allow(unused_imports, reason = "the most common kind needs no import")]
                    use #door::ProbeStep as _;
                    match #call {
                        #value => (&mut #door::Probe::value(&#value)).__lifecycle_kind().settle(#value).await,
                    }
                }
            }

            #[diagnostic::do_not_recommend]
            impl #door::ReleaseMut for #ty {
                async fn release_mut(&mut self) -> ::core::result::Result<(), #door::String> {
                    #door::Release::release(self).await
                }
            }

            #[diagnostic::do_not_recommend]
            impl #door::ReleaseOwned for #ty {
                const BLOCKING: bool = #blocking;

                async fn release_owned(self) -> ::core::result::Result<(), #door::String> {
                    #door::Release::release(&self).await
                }
            }
        };
    }
}
