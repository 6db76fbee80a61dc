//! Checked models. A model exists only if every rule holds.

pub(crate) mod clients;
pub(crate) mod field;
pub(crate) mod handle;
pub(crate) mod holds;
pub(crate) mod krate;
pub(crate) mod main_fn;
pub(crate) mod needs_release;
pub(crate) mod resource;
pub(crate) mod runtime;
pub(crate) mod start;
pub(crate) mod step;
pub(crate) mod teardown;
pub(crate) mod test_fn;
pub(crate) mod touched;
pub(crate) mod values;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Token, parenthesized,
    parse::{Parse, ParseStream, Parser},
};

use crate::{
    errors::{Errors, Lint},
    parse::{self, Entry, Key, Value},
    suggest::suggest,
};

/// Returns where an item begins, after its attributes.
pub(crate) fn first_span(tokens: &TokenStream) -> Span {
    let mut all = tokens.clone().into_iter();
    let named = all.find(|token| matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_)));
    let first = named.or_else(|| tokens.clone().into_iter().next());
    first.map_or_else(Span::call_site, |token| token.span())
}

/// Parses a list in parentheses.
fn items<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    Ok(content.parse_terminated(T::parse, Token![,])?.into_iter().collect())
}

/// A key of an attribute, and an example of it.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) form: &'static str,
}

/// The keys of one attribute. Each is known and occurs once.
pub(crate) struct Keys {
    known: &'static [Known],
    found: Vec<Key>,
}

impl Keys {
    pub(crate) fn read(args: &TokenStream, known: &'static [Known], errors: &Errors) -> Self {
        let mut keys = Self { known, found: Vec::new() };
        for entry in parse::entries(args.clone()) {
            match entry {
                Entry::Key(key) => keys.add(key, errors),
                Entry::Strange(tokens) => {
                    let names: Vec<_> = known.iter().map(|known| format!("`{}`", known.form)).collect();
                    let message = format!("expected a key; the known keys are {}", names.join(", "));
                    errors.spanned(tokens, Lint::BadAttribute, message);
                }
                Entry::Comma(comma) => {
                    errors.spanned(comma, Lint::BadAttribute, "there is one comma too many; remove it");
                }
            }
        }
        keys
    }

    fn add(&mut self, key: Key, errors: &Errors) {
        let name = key.text();
        let names: Vec<_> = self.known.iter().map(|known| known.name).collect();
        if !names.contains(&name.as_str()) {
            let message = format!("unknown key `{name}`{}", suggest(&name, &names));
            errors.spanned(&key.name, Lint::BadAttribute, message);
        } else if self.found.iter().any(|found| found.text() == name) {
            let fix = if name == "observer" { "write `observer = [audit, count]`" } else { "remove one" };
            errors.spanned(&key.name, Lint::BadAttribute, format!("`{name}` occurs twice; {fix}"));
        } else {
            self.found.push(key);
        }
    }

    /// Returns the key, if it occurs.
    pub(crate) fn get(&self, name: &str) -> Option<&Key> {
        self.found.iter().find(|key| key.text() == name)
    }

    fn form(&self, name: &str) -> &'static str {
        self.known.iter().find(|known| known.name == name).map_or("", |known| known.form)
    }

    /// Reads a key without a value.
    pub(crate) fn flag(&self, name: &str, errors: &Errors) -> bool {
        let Some(key) = self.get(name) else { return false };
        if !matches!(key.value, Value::None) {
            let message = format!("`{name}` takes no value; write `{name}`");
            errors.spanned(key.tokens(), Lint::BadAttribute, message);
        }
        true
    }

    /// Reads the value of a key by `read`.
    pub(crate) fn value<T>(
        &self,
        name: &str,
        errors: &Errors,
        read: impl FnOnce(&values::Assigned, &Errors) -> Option<T>,
    ) -> Option<T> {
        let key = self.get(name)?;
        let form = self.form(name);
        match &key.value {
            Value::Assigned(tokens) => {
                let (name, tokens) = (key.name.clone(), tokens.clone());
                read(&values::Assigned { name, form, tokens }, errors)
            }
            Value::None | Value::List(_) | Value::Strange(_) => {
                errors.spanned(
                    key.tokens(),
                    Lint::BadAttribute,
                    format!("`{name}` takes a value; write `{form}`"),
                );
                None
            }
        }
    }

    /// Reads the list of a key. `wrong` is the message for an item that does not parse.
    pub(crate) fn list<T: Parse>(&self, name: &str, wrong: &str, errors: &Errors) -> Option<Vec<T>> {
        let key = self.get(name)?;
        let form = self.form(name);
        if let Value::List(group) = &key.value
            && !group.stream().is_empty()
        {
            let list = items.parse2(TokenTree::Group(group.clone()).into());
            let report = |error: syn::Error| errors.at(error.span(), Lint::BadAttribute, wrong);
            return list.map_err(report).ok();
        }
        errors.spanned(key.tokens(), Lint::BadAttribute, format!("`{name}` takes a list; write `{form}`"));
        None
    }
}
