//! `#[lifecycle::main]`: a plain `main` around the user's async one.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, ReturnType, Type, spanned::Spanned};

use super::{duration, option, spanned};
use crate::{
    errors::{Errors, Lint},
    model::{
        first_span,
        main_fn::{Function, Main},
    },
};

pub(crate) fn attribute(args: &TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let Ok(function) = syn::parse2::<Function>(item.clone()) else {
        errors.at(first_span(&item), Lint::BadAttribute, "`#[lifecycle::main]` applies to `async fn main`");
        let errors = errors.report();
        return quote!(#errors #item);
    };
    let code = match Main::check(args, &function, &errors) {
        Some(model) => expand(&model, &function, &item),
        // rustc would report an async `main` as a second error.
        None if function.signature.ident == "main" => quote!(fn main() { #item }),
        None => item,
    };
    let errors = errors.report();
    quote!(#errors #code)
}

fn expand(model: &Main, function: &Function, item: &TokenStream) -> TokenStream {
    let door = {
        let krate = &model.krate;
        quote!(#krate::__private)
    };
    let Main { flavor, job, .. } = model;
    let flavor = format_ident!("{flavor}");
    let (grace, lame_duck) = (option(model.grace.map(duration)), option(model.lame_duck.map(duration)));
    let worker_threads = option(model.worker_threads);
    let signals = option(model.signals.as_ref().map(|signals| quote!(&[#(#door::signal::#signals),*])));
    let (report, span) = model.report;
    let report = Ident::new(report, span);
    let report = quote_spanned!(span=> #door::ReportFormat::#report);
    let cfgs = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let vis = &function.vis;
    let value = format_ident!("__lifecycle_value", span = Span::mixed_site());
    // The check has the span of the return type, so that its error points there.
    let check = match &function.signature.output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_)) => {
            let (span, door) = (ty.span(), spanned(door.clone(), ty.span()));
            let check = quote_spanned!(span=> <#ty as #door::MainReturn>::CHECK);
            Some(quote!(let () = #check;))
        }
        ReturnType::Type(..) | ReturnType::Default => None,
    };
    quote! {
        #(#cfgs)*
        #vis fn main() -> ::std::process::ExitCode {
            #[allow(clippy::unused_async, reason = "the attribute requires an async `main`")]
            #item
            #door::main(
                const {
                    &#door::MainOptions {
                        grace: #grace,
                        lame_duck: #lame_duck,
                        flavor: #door::Flavor::#flavor,
                        worker_threads: #worker_threads,
                        job: #job,
                        signals: #signals,
                        report: #report,
                        module: ::core::module_path!(),
                    }
                },
                || async {
                    #check
                    use #door::ProbeMain as _;
                    match main().await {
                        #value => (&&&#door::Probe::value(&#value)).__lifecycle_main().end(#value),
                    }
                },
            )
        }
    }
}
