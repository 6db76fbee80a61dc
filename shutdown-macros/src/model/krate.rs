//! `crate = path`: where `lifecycle` is, if it is not called so.

use proc_macro2::TokenStream;
use syn::{Path, parse::Parser, parse_quote};

use crate::parse::{self, Entry, Value};

pub(crate) fn default() -> Path {
    parse_quote!(::lifecycle)
}

/// The path if it can be read, else the default: who checks the arguments reports it.
pub(crate) fn quietly(args: &TokenStream) -> Path {
    let given = parse::entries(args.clone()).into_iter().find_map(|entry| match entry {
        Entry::Key(key) if key.text() == "crate" => match key.value {
            Value::Assigned(tokens) => Path::parse_mod_style.parse2(tokens.into_iter().collect()).ok(),
            _ => None,
        },
        _ => None,
    });
    given.unwrap_or_else(default)
}
