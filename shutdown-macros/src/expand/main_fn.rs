//! `#[lifecycle::main]`: a plain `main` around the user's async one.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{Expr, Ident, ReturnType, Type, spanned::Spanned as _};

use super::{duration, spanned, start::argument};
use crate::{
    errors::{Errors, Lint},
    model::{
        first_span,
        main_fn::{Function, Main, Word},
        runtime::builds_a_runtime,
        values::Given,
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
        None => refused(&function, item),
    };
    let errors = errors.report();
    quote!(#errors #code)
}

/// Returns an item that causes no further error of rustc.
fn refused(function: &Function, item: TokenStream) -> TokenStream {
    let Function { attrs, vis, signature, body } = function;
    let item = if attrs.iter().any(builds_a_runtime) {
        // Another attribute would complain about what this one has made.
        let attrs = attrs.iter().filter(|attr| !builds_a_runtime(attr));
        quote!(#(#attrs)* #vis #signature { #body })
    } else {
        item
    };
    // rustc would report an async `main` as a second error.
    if signature.ident == "main" { quote!(fn main() { #item }) } else { item }
}

fn expand(model: &Main, function: &Function, item: &TokenStream) -> TokenStream {
    let door = {
        let krate = &model.krate;
        quote!(#krate::__private)
    };
    let options = options(model, &door);
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
    let types: Vec<TokenStream> = function.arguments().map(|ty| argument(ty, &door)).collect();
    let given = format_ident!("__lifecycle_given", span = Span::mixed_site());
    let run = quote! {
        match main(#(#types::take(&#given)),*).await {
            #value => (&&&#door::Probe::value(&#value)).__lifecycle_main().end(#value),
        }
    };
    let started = if types.is_empty() {
        run
    } else {
        quote! {
            match #door::Given::of(&[#(#types::STARTING),*]).await {
                ::core::result::Result::Ok(#given) => #run,
                ::core::result::Result::Err(error) => error,
            }
        }
    };
    let provided = model.provided.iter().map(|value| {
        // The call has the span of the value, so that an error about its type points there.
        let place = spanned(door.clone(), value.span());
        let call = quote_spanned!(value.span()=> #place::provide(#value));
        quote! {
            if let ::core::result::Result::Err(error) = #call {
                return error;
            }
        }
    });
    quote! {
        #(#cfgs)*
        #vis fn main() -> ::std::process::ExitCode {
            #[allow(clippy::unused_async, reason = "the attribute requires an async `main`")]
            #item
            #door::Process::new()
                .__declared_in(::core::module_path!())
                #options
                .run(async {
                    #check
                    use #door::ProbeMain as _;
                    #(#provided)*
                    #started
                })
        }
    }
}

/// Returns one call for each key.
fn options(model: &Main, door: &TokenStream) -> TokenStream {
    let Main { grace, lame_duck, flavor, worker_threads, max_blocking_threads, thread_name, .. } = model;
    let time = |value: &Duration| duration(*value);
    let word = |of: &str| {
        let (door, of) = (door.clone(), format_ident!("{of}"));
        move |word: &Word| {
            let variant = Ident::new(word.value, word.span);
            quote_spanned!(word.span=> #door::#of::#variant)
        }
    };
    let duration_type = quote!(::core::time::Duration);
    let count_type = quote!(usize);
    let calls = [
        call("grace", grace.as_ref(), Some(&duration_type), time),
        call("lame_duck", lame_duck.as_ref(), Some(&duration_type), time),
        call("flavor", flavor.as_ref(), Some(&quote!(#door::RuntimeFlavor)), word("RuntimeFlavor")),
        call("worker_threads", worker_threads.as_ref(), Some(&count_type), |count| quote!(#count)),
        call(
            "max_blocking_threads",
            max_blocking_threads.as_ref(),
            Some(&count_type),
            |count| quote!(#count),
        ),
        call("thread_name", thread_name.as_ref(), None, |name| quote!(#name)),
        call("report", model.report.as_ref(), Some(&quote!(#door::ReportFormat)), word("ReportFormat")),
    ];
    let job = model.job.then(|| quote!(.job()));
    let signals = model.signals.as_ref().map(|signals| {
        let names = signals.iter().map(ToString::to_string);
        quote!(.signals([#(#names),*]))
    });
    let observers = model.observers.iter().map(|observe| {
        let name = observer_name(observe);
        // The call has the span of the function, so that an error about its type points there.
        quote_spanned!(observe.span()=> .observer(#name, #observe))
    });
    quote!(#(#calls)* #job #signals #(#observers)*)
}

/// Returns the name of an observer in notes of the report: its path, or where the attribute is.
fn observer_name(observe: &Expr) -> TokenStream {
    if let Expr::Path(path) = observe {
        let path = path.to_token_stream().to_string().replace(' ', "");
        quote!(#path)
    } else {
        quote!(::core::concat!(::core::file!(), ":", ::core::line!()))
    }
}

/// Returns the call of the method with the name of the key. An expression is bound to its type, so that the error of
/// rustc names the type and the key, and not the method. A method without one type takes the expression as it is.
pub(super) fn call<T>(
    name: &str,
    value: Option<&Given<T>>,
    ty: Option<&TokenStream>,
    literal: impl FnOnce(&T) -> TokenStream,
) -> Option<TokenStream> {
    let method = format_ident!("{name}");
    let value = match (value?, ty) {
        (Given::Literal(value), _) => literal(value),
        (Given::Expression(tokens, key), Some(ty)) => {
            let given = format_ident!("__lifecycle_{name}", span = Span::mixed_site());
            let ty = spanned(ty.clone(), *key);
            quote!({ let #given: #ty = #tokens; #given })
        }
        (Given::Expression(tokens, _), None) => tokens.clone(),
    };
    Some(quote!(.#method(#value)))
}
