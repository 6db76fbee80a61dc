//! `#[lifecycle::start]`: registers how a resource starts, and what has to start before.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Type, spanned::Spanned as _};

use super::spanned;
use crate::{
    errors::{Errors, Lint},
    model::{
        first_span, krate,
        start::{Impl, Start},
    },
};

pub(crate) fn attribute(args: &TokenStream, item: &TokenStream) -> TokenStream {
    let errors = Errors::new();
    let parsed: Option<Impl> = syn::parse2(item.clone()).ok();
    let Some(found) = parsed.filter(is_start) else {
        let message = "`#[lifecycle::start]` applies to an `impl Start for ..`; move or remove it";
        errors.at(first_span(item), Lint::BadAttribute, message);
        let errors = errors.report();
        return quote!(#errors #item);
    };
    let code = match Start::check(args, &found, &errors) {
        Some(model) => expand(&model),
        None => refused(&found, &quote_path(args)),
    };
    let errors = errors.report();
    quote!(#errors #code)
}

fn quote_path(args: &TokenStream) -> TokenStream {
    let krate = krate::quietly(args);
    quote!(#krate::__private)
}

fn is_start(found: &Impl) -> bool {
    found.trait_.segments.last().is_some_and(|last| last.ident == "Start")
}

fn expand(model: &Start<'_>) -> TokenStream {
    let Start { krate, item, method, arguments, output, .. } = model;
    let door = quote!(#krate::__private);
    let own = format_ident!("__lifecycle_start_of");
    let types: Vec<TokenStream> = arguments.iter().map(|ty| argument(ty, &door)).collect();
    let time = |name: &str, value: Option<std::time::Duration>| {
        let method = format_ident!("{name}");
        value.map(|value| {
            let (seconds, nanos) = (value.as_secs(), value.subsec_nanos());
            quote!(.#method(#seconds, #nanos))
        })
    };
    let (timeout, retry) = (time("timeout", model.timeout), time("retry", model.retry));
    let settle = {
        let place = spanned(door.clone(), output.span());
        quote_spanned!(output.span()=> <#output as #place::StartOutput<Self>>::into_started)
    };
    let content = quote! {
        const __LIFECYCLE_STARTING: #door::Starting =
            #door::Starting::new::<Self>(&[#(#types::STARTING),*]) #timeout #retry;
        const __LIFECYCLE_LINKS: &'static [#door::Link] = &[#(#types::LINK),*];
        fn __lifecycle_start(given: &#door::Given) -> #door::Attempt<Self> {
            let value = Self::#own(#(#types::take(given)),*);
            ::std::boxed::Box::pin(async move { #settle(value.await) })
        }
    };
    let start = with(item, &door, &content);
    let own = {
        let (attrs, body) = (&method.attrs, &method.body);
        let mut signature = method.signature.clone();
        signature.ident = Ident::new("__lifecycle_start_of", signature.ident.span());
        let (impl_generics, _, where_clause) = item.generics.split_for_impl();
        let self_ty = &item.self_ty;
        let cfgs = cfgs(item);
        quote! {
            #(#cfgs)*
            impl #impl_generics #self_ty #where_clause {
                #[allow(clippy::unused_async, reason = "the attribute requires an async `start`")]
                #(#attrs)* #signature #body
            }
        }
    };
    let checks = item.generics.params.is_empty().then(|| checks(model, &door));
    quote!(#start #own #checks)
}

/// Returns the argument's type as the trait that knows what it stands for, with the span of the type.
pub(super) fn argument(ty: &Type, door: &TokenStream) -> TokenStream {
    let place = spanned(door.clone(), ty.span());
    quote_spanned!(ty.span()=> <#ty as #place::StartArgument>)
}

/// Returns a constant that checks each argument. An error points at the argument.
fn checks(model: &Start<'_>, door: &TokenStream) -> TokenStream {
    let self_ty = &model.item.self_ty;
    let checks = model.arguments.iter().map(|ty| {
        let link = argument(ty, door);
        let place = spanned(door.clone(), ty.span());
        let mut arguments = Group::new(
            Delimiter::Parenthesis,
            quote!(<#self_ty as #door::Resource>::DECLARATION, #link::LINK),
        );
        arguments.set_span(ty.span());
        quote_spanned!(ty.span()=> #place::check_start #arguments;)
    });
    let cfgs = cfgs(model.item);
    quote! {
        #(#cfgs)*
        const _: () = {
            const _CAN_START: () = {
                #(#checks)*
            };
        };
    }
}

fn cfgs(item: &Impl) -> impl Iterator<Item = &syn::Attribute> {
    item.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
}

/// Returns the impl with another content, and the impl that says that it has the attribute.
fn with(item: &Impl, door: &TokenStream, content: &TokenStream) -> TokenStream {
    let Impl { attrs, generics, trait_, self_ty, .. } = item;
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let mut body = Group::new(Delimiter::Brace, content.clone());
    body.set_span(item.brace.span.join());
    let cfgs = cfgs(item);
    quote! {
        #(#attrs)*
        #[diagnostic::do_not_recommend]
        impl #impl_generics #trait_ for #self_ty #where_clause #body
        #(#cfgs)*
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #impl_generics #door::HasStartAttribute for #self_ty #where_clause {}
    }
}

/// Returns a stand-in after an error, so that rustc still checks the bodies and reports nothing else.
fn refused(item: &Impl, door: &TokenStream) -> TokenStream {
    let stub = with(
        item,
        door,
        &quote! {
            const __LIFECYCLE_STARTING: #door::Starting = #door::Starting::provided::<Self>();
            const __LIFECYCLE_LINKS: &'static [#door::Link] = &[];
            fn __lifecycle_start(_: &#door::Given) -> #door::Attempt<Self> {
                ::core::unreachable!()
            }
        },
    );
    let (impl_generics, _, where_clause) = item.generics.split_for_impl();
    let self_ty = &item.self_ty;
    let apart = item.methods.iter().enumerate().map(|(at, method)| {
        let (attrs, body) = (&method.attrs, &method.body);
        let mut signature = method.signature.clone();
        signature.ident = format_ident!("__lifecycle_refused_start_{at}", span = signature.ident.span());
        quote!(#[allow(dead_code, reason = "it is refused")] #(#attrs)* #signature #body)
    });
    let rest = &item.rest;
    quote! {
        #stub
        #[allow(dead_code, reason = "it is refused")]
        impl #impl_generics #self_ty #where_clause { #(#apart)* #rest }
    }
}
