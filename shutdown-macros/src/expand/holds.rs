//! `#[derive(Holds)]`, by which a plain struct or enum shows its fields.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Generics};

use super::{question, unknown};
use crate::{
    errors::{Errors, Lint},
    model::{
        field::{self, Field, names_self},
        holds::{Holds, Variant},
    },
};

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let code = match syn::parse2::<DeriveInput>(item) {
        Ok(item) => Some(expand(&Holds::check(&item, &errors))),
        Err(error) => {
            errors.syntax(Lint::BadAttribute, &error);
            None
        }
    };
    let errors = errors.report();
    quote!(#errors #code)
}

fn expand(model: &Holds) -> TokenStream {
    let Holds { krate, ident, generics, variants } = model;
    let door = quote!(#krate::__private);
    let header = |what: TokenStream, listed: &Generics| header(&what, ident, generics, listed);
    let holds = header(quote!(#door::Holds), generics);
    // The type is on every list of known types.
    let mut listed = generics.clone();
    listed.params.push(syn::parse_quote!(__LifecycleAnyList));
    let leak = header(quote!(#door::NeedsRelease<__LifecycleAnyList>), &listed);
    let owner = crate::parse::unraw(ident);
    // The constant of a type that contains itself would depend on itself.
    let asked =
        variants.iter().flat_map(|variant| &variant.fields).filter(|field| !names_self(&field.ty, ident));
    let found = asked.clone().filter(|field| field.may_leak).map(|Field { ty, label, .. }| {
        let found = question::found(ty, &door);
        quote!((#found, #label))
    });
    let questions = question::items(&door);
    let clients: TokenStream = asked
        .clone()
        .enumerate()
        .filter(|(_, field)| !field.handles.is_empty() && !field::names_one_of(&field.ty, ident, generics))
        .map(|(index, field)| {
            let name = format!("{owner}::{}", field.label);
            unknown::warnings(&field.handles, (&name, index, "holds"), &quote!(false), &door)
        })
        .collect();
    let links =
        asked.filter(|field| field.may_hold).map(|Field { ty, .. }| quote!(#door::Probe::<#ty>::LINKS));
    let arms = variants.iter().map(|variant| arm(variant, &door));
    // An enum without variants has no value.
    let held = (!variants.is_empty()).then(|| quote!(match self { #(#arms)* }));
    quote! {
        const _: () = {
            #[allow(unused_imports, reason = "which of them is used depends on the types")]
            use #door::{HoldsNothing as _, ProbeField as _};
            #questions

            #leak {
                const LEAK: ::core::option::Option<#door::Leak> =
                    #door::Leak::first(#owner, &[#(#found),*]);
            }

            #holds {
                const LINKS: &'static [#door::Link] = const { &#door::Joined::of(&[#(#links),*]) }.links();

                fn held(&self, __held: &mut #door::Held) {
                    #held
                }
            }

            #clients
        };
    }
}

fn header(what: &TokenStream, ident: &Ident, generics: &Generics, listed: &Generics) -> TokenStream {
    let (impl_generics, _, where_clause) = listed.split_for_impl();
    let (_, ty_generics, _) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #impl_generics #what for #ident #ty_generics #where_clause
    }
}

fn arm(variant: &Variant, door: &TokenStream) -> TokenStream {
    let Variant { path, fields } = variant;
    let fields: Vec<_> = fields.iter().filter(|field| field.may_hold).collect();
    let names: Vec<_> = (0..fields.len()).map(|index| format_ident!("__field_{index}")).collect();
    let members = fields.iter().map(|field| &field.member);
    let types = fields.iter().map(|field| &field.ty);
    quote! {
        #path { #(#members: #names,)* .. } => {
            #((&#door::Probe::<#types>::NEW).__lifecycle_held(#names, __held);)*
        }
    }
}
