//! `#[lifecycle::test(..)]` on an async function.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::{FnArg, Path, Type};

use super::{
    Keys, Known, krate,
    main_fn::{Function, Word, check_form, lame_duck_fits},
    runtime::{check_attributes, generated_by},
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
    /// The variant of `TestClock`.
    pub(crate) clock: Option<Word>,
    /// The variant of `Wanted`.
    pub(crate) report: Option<Word>,
}

impl Test {
    pub(crate) fn check(args: &TokenStream, function: &Function, errors: &Errors) -> Option<Self> {
        check_attributes("test", &function.attrs, errors);
        let signature = &function.signature;
        if signature.asyncness.is_none() {
            let message = match generated_by(function) {
                Some(attribute) => {
                    format!("`#[lifecycle::test]` builds the runtime; remove `#[{attribute}]`")
                }
                None => format!("the test has to be async; write `async fn {}()`", signature.ident),
            };
            errors.spanned(signature.fn_token, Lint::BadAttribute, message);
        }
        if !signature.inputs.is_empty() {
            errors.spanned(&signature.inputs, Lint::BadAttribute, no_arguments(function));
        }
        check_form("a test", signature, errors);
        let keys = Keys::read(args, KNOWN, errors);
        let time = |value: &Assigned, errors: &Errors| value.given(errors, Assigned::duration);
        let grace = keys.value("grace", errors, |value, errors| value.given(errors, Assigned::grace));
        let lame_duck = keys.value("lame_duck", errors, time);
        lame_duck_fits(&keys, grace.as_ref(), lame_duck.as_ref(), errors);
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

fn no_arguments(function: &Function) -> &'static str {
    let is_managed = |argument: &Type| {
        let Type::Path(path) = argument else { return false };
        path.path.segments.last().is_some_and(|last| last.ident == "Managed")
    };
    if let Some(FnArg::Receiver(_)) = function.signature.inputs.first() {
        "a test is not a method; move it out of the `impl`, and remove the `self`"
    } else if function.arguments().any(is_managed) {
        "a test cannot have arguments; call `lifecycle::start` in its body to start a resource"
    } else {
        "a test cannot have arguments; remove them"
    }
}
