//! Attributes of other crates that build a runtime: `#[tokio::main]`, `#[tokio::test]` and their like.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Attribute, Path};

use super::main_fn::Function;
use crate::errors::{Errors, Lint};

/// The crates whose `main` expands before `#[lifecycle::main]` if it stands above it. Its code names the crate.
const RUNTIMES: &[&str] = &[
    "tokio",
    "actix_web",
    "actix_rt",
    "actix",
    "async_std",
    "rocket",
    "ntex",
    "smol_potat",
    "smol",
    "tokio_uring",
    "compio",
    "monoio",
];

/// Refuses the attributes below `#[lifecycle::own]` that do a part of the same. `own` is `main` or `test`.
pub(crate) fn check_attributes(own: &str, attrs: &[Attribute], errors: &Errors) {
    for attr in attrs {
        let path = text(attr.path());
        let message = if is_own(attr.path(), own) {
            format!("`#[{path}]` occurs twice; remove one")
        } else if builds_a_runtime(attr) {
            format!("`#[lifecycle::{own}]` builds the runtime; remove `#[{path}]`")
        } else if own == "test" && attr.path().is_ident("test") {
            "`#[lifecycle::test]` marks the test; remove `#[test]`".to_owned()
        } else {
            continue;
        };
        errors.spanned(attr.path(), Lint::BadAttribute, message);
    }
}

/// Returns whether an attribute is `main`, or the `main` or `test` of a crate.
pub(crate) fn builds_a_runtime(attr: &Attribute) -> bool {
    let path = attr.path();
    let last = path.segments.last().map(|segment| segment.ident.to_string());
    match last.as_deref() {
        Some("main") => true,
        Some("test") => path.segments.len() > 1 && !is_std(path),
        _ => false,
    }
}

/// Returns the attribute that has made this body, if it is one of the known ones.
///
/// A user may have written the same code by hand. A generated word is told by its span, whose source is another text.
pub(crate) fn generated_by(function: &Function) -> Option<String> {
    let words = words(&function.body);
    let made = |name: &str| words.iter().any(|word| word == name && is_generated(word));
    let krate = RUNTIMES
        .iter()
        .find(|krate| made(krate))
        // The attribute of tokio takes the span of the last statement, which may begin with the word `tokio`.
        .or_else(|| made("block_on").then_some(&"tokio"))?;
    let is_test = function.attrs.iter().any(|attr| is_std(attr.path()));
    Some(format!("{krate}::{}", if is_test { "test" } else { "main" }))
}

/// Returns the words of the body, also inside of groups.
fn words(tokens: &TokenStream) -> Vec<Ident> {
    let words_of = |token| match token {
        TokenTree::Ident(word) => vec![word],
        TokenTree::Group(group) => words(&group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    };
    tokens.clone().into_iter().flat_map(words_of).collect()
}

fn is_generated(word: &Ident) -> bool {
    word.span().source_text().is_some_and(|source| *word != source)
}

/// Returns whether a path is `lifecycle::own`.
fn is_own(path: &Path, own: &str) -> bool {
    text(path) == format!("lifecycle::{own}")
}

/// Returns whether a path is `core::prelude::v1::test`, which the `test` of a runtime adds.
fn is_std(path: &Path) -> bool {
    path.segments.first().is_some_and(|first| first.ident == "core" || first.ident == "std")
}

fn text(path: &Path) -> String {
    let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    segments.join("::")
}
