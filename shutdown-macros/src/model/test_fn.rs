//! `#[lifecycle::test(..)]` on an async function.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::Path;

use super::{
    Keys, Known, krate,
    main_fn::{Function, Word},
    runtime::builds_a_runtime,
    values::{Assigned, Given},
};
use crate::errors::{Errors, Lint};

const KNOWN: &[Known] = &[
    Known { name: "grace", form: "grace = \"5s\"" },
    Known { name: "lame_duck", form: "lame_duck = \"1s\"" },
    Known { name: "clock", form: "clock = \"paused\"" },
    Known { name: "report", form: "report = \"any\"" },
    Known { name: "crate", form: "crate = path::to::lifecycle" },
];

pub(crate) struct Test {
    pub(crate) krate: Path,
    pub(crate) grace: Option<Given<Duration>>,
    pub(crate) lame_duck: Option<Given<Duration>>,
    /// The variant of `Clock`.
    pub(crate) clock: Option<Word>,
    /// The variant of `Wanted`.
    pub(crate) report: Option<Word>,
}

impl Test {
    pub(crate) fn check(args: &TokenStream, function: &Function, errors: &Errors) -> Option<Self> {
        for attr in
            function.attrs.iter().filter(|attr| builds_a_runtime(attr) || attr.path().is_ident("test"))
        {
            let message = "`#[lifecycle::test]` builds the runtime and marks the test; remove this attribute";
            errors.spanned(attr.path(), Lint::BadAttribute, message);
        }
        let signature = &function.signature;
        if signature.asyncness.is_none() {
            let message = "a test of a lifecycle has to be async; write `async fn`";
            errors.spanned(signature.fn_token, Lint::BadAttribute, message);
        }
        if !signature.inputs.is_empty() {
            errors.spanned(
                &signature.inputs,
                Lint::BadAttribute,
                "a test cannot have arguments; remove them",
            );
        }
        if !signature.generics.params.is_empty() {
            errors.spanned(
                &signature.generics,
                Lint::BadAttribute,
                "a test cannot have generics; remove them",
            );
        }
        let keys = Keys::read(args, KNOWN, errors);
        let time = |value: &Assigned, errors: &Errors| value.given(errors, Assigned::duration);
        let grace = keys.value("grace", errors, |value, errors| value.given(errors, Assigned::grace));
        let lame_duck = keys.value("lame_duck", errors, time);
        let choice = |name, choices: &'static [(&str, &str)]| {
            keys.value(name, errors, |value: &Assigned, errors: &Errors| value.choice(choices, errors))
        };
        let model = Self {
            krate: keys.value("crate", errors, Assigned::path).unwrap_or_else(krate::default),
            grace: grace.map(|grace| grace.map(|grace| grace.value)),
            lame_duck: lame_duck.map(|lame_duck| lame_duck.map(|lame_duck| lame_duck.value)),
            clock: choice("clock", &[("real", "Real"), ("paused", "Paused")]),
            report: choice("report", &[("clean", "Clean"), ("any", "Any")]),
        };
        (!errors.any()).then_some(model)
    }
}
