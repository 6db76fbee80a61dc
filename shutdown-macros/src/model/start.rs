//! `#[lifecycle::start(..)]` on `impl Start for X`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, FnArg, Generics, Pat, Path, ReturnType, Signature, Token, Type, WhereClause, braced,
    parse::{Parse, ParseStream},
    token,
};

use super::{Keys, Known, krate, teardown::Method, values::Assigned};
use crate::errors::{Errors, Lint};

const KNOWN: &[Known] = &[
    Known { name: "timeout", form: "timeout = \"5s\"" },
    Known { name: "retry", form: "retry = \"30s\"" },
    Known { name: "crate", form: "crate = path::to::lifecycle" },
];

/// The impl. The body of its method stays tokens.
pub(crate) struct Impl {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) trait_: Path,
    pub(crate) self_ty: Type,
    pub(crate) brace: token::Brace,
    pub(crate) methods: Vec<Method>,
    /// Everything between the braces after the methods.
    pub(crate) rest: TokenStream,
}

/// The checked impl.
pub(crate) struct Start<'a> {
    pub(crate) krate: Path,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<Duration>,
    pub(crate) item: &'a Impl,
    pub(crate) method: &'a Method,
    /// The types of the arguments.
    pub(crate) arguments: Vec<&'a Type>,
    /// The return type.
    pub(crate) output: &'a Type,
}

impl Parse for Impl {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let trait_ = input.parse()?;
        input.parse::<Token![for]>()?;
        let self_ty = input.parse()?;
        generics.where_clause = input.parse::<Option<WhereClause>>()?;
        let content;
        let brace = braced!(content in input);
        let mut methods = Vec::new();
        while !content.is_empty() && Method::parse(&content.fork()).is_ok() {
            methods.push(content.parse()?);
        }
        Ok(Self { attrs, generics, trait_, self_ty, brace, methods, rest: content.parse()? })
    }
}

impl<'a> Start<'a> {
    /// Returns the model, if every rule holds.
    pub(crate) fn check(args: &TokenStream, item: &'a Impl, errors: &Errors) -> Option<Self> {
        let keys = Keys::read(args, KNOWN, errors);
        let krate = keys.value("crate", errors, Assigned::path).unwrap_or_else(krate::default);
        let time = |name| keys.value(name, errors, Assigned::some_time).map(|time| time.value);
        let (timeout, retry) = (time("timeout"), time("retry"));
        if !item.rest.is_empty() {
            let message = "an `impl Start` has one function, `start`; move anything else into another impl";
            errors.spanned(&item.rest, Lint::BadAttribute, message);
        }
        let mut method = None;
        for found in &item.methods {
            let name = &found.signature.ident;
            if *name != "start" {
                let message =
                    format!("an `impl Start` has one function, `start`; move `{name}` into another impl");
                errors.spanned(name, Lint::BadAttribute, message);
            } else if method.replace(found).is_some() {
                errors.spanned(name, Lint::BadAttribute, "`start` occurs twice; remove one");
            }
        }
        let Some(method) = method else {
            if item.rest.is_empty() {
                let message = "`start` is missing; write `async fn start() -> Self { .. }` in the impl, with an argument `Managed<T>` \
                     for each resource that starts before";
                errors.spanned(&item.self_ty, Lint::BadAttribute, message);
            }
            return None;
        };
        let arguments = arguments(&method.signature, errors);
        let output = output(&method.signature, errors);
        let (Some(output), false) = (output, errors.any()) else { return None };
        Some(Self { krate, timeout, retry, item, method, arguments, output })
    }
}

fn arguments<'a>(signature: &'a Signature, errors: &Errors) -> Vec<&'a Type> {
    if signature.asyncness.is_none() {
        let message = "`start` has to be async; write `async fn start(..)`";
        errors.spanned(signature.fn_token, Lint::BadAttribute, message);
    }
    if !signature.generics.params.is_empty() {
        errors.spanned(&signature.generics, Lint::BadAttribute, "`start` cannot have generics; remove them");
    }
    let mut arguments = Vec::new();
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                let message = "`start` makes the value, so it has no `self`; remove the argument";
                errors.spanned(receiver, Lint::BadAttribute, message);
            }
            FnArg::Typed(typed) => {
                let text = typed.ty.to_token_stream().to_string();
                if arguments.iter().any(|ty: &&Type| ty.to_token_stream().to_string() == text) {
                    let message = format!("`{text}` occurs twice; remove one: it is the same instance");
                    errors.spanned(&typed.ty, Lint::BadAttribute, message);
                }
                if let Pat::Rest(rest) = &*typed.pat {
                    errors.spanned(rest, Lint::BadAttribute, "`start` cannot be variadic; remove this");
                }
                arguments.push(&*typed.ty);
            }
        }
    }
    arguments
}

fn output<'a>(signature: &'a Signature, errors: &Errors) -> Option<&'a Type> {
    match &signature.output {
        ReturnType::Type(_, ty) => Some(ty),
        ReturnType::Default => {
            let message = "`start` returns the value; write `-> Self`, or `-> Result<Self, E>`";
            errors.spanned(&signature.ident, Lint::BadAttribute, message);
            None
        }
    }
}
