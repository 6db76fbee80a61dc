//! `crate = path`: the path of `lifecycle`, if the crate has another name.

use proc_macro2::TokenStream;
use syn::{Path, parse::Parser, parse_quote};

use crate::parse::{self, Entry, Value};

pub(crate) fn default() -> Path {
    parse_quote!(::lifecycle)
}

/// Returns the path, or the default if it does not parse. The check of the arguments reports that error.
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
