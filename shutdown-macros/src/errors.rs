//! Collects all mistakes of one item, so that one compile reports them all.

use std::{cell::RefCell, fmt::Display, thread};

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The lints that a macro decides. rustc reports the others, by traits and constants with our messages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lint {
    BadAttribute,
    StrayTeardown,
}

impl Lint {
    fn text(self, message: impl Display) -> String {
        match self {
            Lint::BadAttribute => format!("lifecycle::lints::bad_attribute: {message}"),
            Lint::StrayTeardown => format!("lifecycle::lints::stray_teardown: {message}"),
        }
    }
}

/// A collection of errors. Dropping it without [`report`](Self::report) is a bug of this crate, and panics.
pub(crate) struct Errors(RefCell<Option<Vec<syn::Error>>>);

impl Errors {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Some(Vec::new())))
    }

    /// Adds a mistake that underlines all of `tokens`.
    pub(crate) fn spanned(&self, tokens: impl ToTokens, lint: Lint, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, lint.text(message)));
    }

    /// Adds a mistake at one place.
    pub(crate) fn at(&self, span: Span, lint: Lint, message: impl Display) {
        self.push(syn::Error::new(span, lint.text(message)));
    }

    /// Adds an error of syn about tokens that it could not read.
    pub(crate) fn syntax(&self, lint: Lint, error: &syn::Error) {
        self.push(syn::Error::new(error.span(), lint.text(error)));
    }

    fn push(&self, error: syn::Error) {
        self.0.borrow_mut().get_or_insert_default().push(error);
    }

    pub(crate) fn any(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|errors| !errors.is_empty())
    }

    /// Returns every error as a `compile_error!`.
    pub(crate) fn report(self) -> TokenStream {
        let errors = self.0.borrow_mut().take().unwrap_or_default();
        errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(thread::panicking() || self.0.borrow().is_none(), "errors were collected and never reported");
    }
}
