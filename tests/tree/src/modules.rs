//! The modules of a crate without its tests, and what each of them names.

use std::ops::RangeInclusive;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, ImplItem, Item, ItemMod, Meta, Token};

use crate::Files;
use crate::tokens::{self, Named};

/// One module without its tests.
#[derive(Clone, Debug)]
pub struct Module {
    /// The names from the crate's root, which is empty.
    pub path: Vec<String>,
    /// The file that has the module's text, below the folder of the crate's root.
    pub file: String,
    /// The paths in the code.
    pub names: Vec<Named>,
    /// The lines with the word `unsafe`.
    pub unsafe_lines: Vec<usize>,
    /// The lines with the word `PoisonError`.
    pub poison_lines: Vec<usize>,
}

/// Returns every module of the crate whose root is `lib.rs` in `files`, as its `mod` lines declare them.
///
/// # Panics
///
/// If a file is missing, or is not Rust.
pub fn modules(files: &Files) -> Vec<Module> {
    let mut found = Vec::new();
    file_module(files, &[], "lib.rs", "", &mut found);
    found
}

/// Returns the lines of each module behind `#[cfg(test)]` in a source file.
///
/// # Errors
///
/// If `text` is not Rust.
pub fn test_lines(text: &str) -> syn::Result<Vec<RangeInclusive<usize>>> {
    let items = syn::parse_file(text)?.items;
    let tests = items.iter().filter(|item| is_for_tests(attributes(item)));
    let lines = tests.filter_map(|item| {
        let Item::Mod(module) = item else { return None };
        let (braces, _) = module.content.as_ref()?;
        Some(module.mod_token.span.start().line..=braces.span.close().end().line)
    });
    Ok(lines.collect())
}

/// Reads the module of a whole file. The modules that it declares are in `folder`.
fn file_module(files: &Files, path: &[String], file: &str, folder: &str, found: &mut Vec<Module>) {
    let text = files.get(file).unwrap_or_else(|| panic!("`{file}` is missing"));
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    module(files, path, file, folder, parsed.items, found);
}

fn module(
    files: &Files,
    path: &[String],
    file: &str,
    folder: &str,
    items: Vec<Item>,
    found: &mut Vec<Module>,
) {
    let mut code = TokenStream::new();
    let mut declared = Vec::new();
    for item in items.into_iter().filter(|item| !is_for_tests(attributes(item))) {
        match item {
            Item::Mod(item) => declared.push(item),
            Item::Impl(mut item) => {
                item.items.retain(|item| !matches!(item, ImplItem::Fn(item) if is_for_tests(&item.attrs)));
                item.to_tokens(&mut code);
            }
            item => item.to_tokens(&mut code),
        }
    }
    found.push(Module {
        unsafe_lines: tokens::lines_with(code.clone(), "unsafe"),
        poison_lines: tokens::lines_with(code.clone(), "PoisonError"),
        names: tokens::paths(code),
        path: path.to_owned(),
        file: file.to_owned(),
    });
    for item in declared {
        let name = item.ident.to_string();
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        let below = folder_of(&item, file, folder);
        if let Some((_, items)) = item.content {
            module(files, &path, file, &below, items, found);
        } else {
            file_module(files, &path, &file_of(files, &item, file, &below), &below, found);
        }
    }
}

/// The folder of the modules of a module that is declared in `file`, whose own modules are in `folder`.
fn folder_of(item: &ItemMod, file: &str, folder: &str) -> String {
    match named_path(&item.attrs) {
        Some(named) if item.content.is_some() => beside(file, &named),
        _ => join(folder, &item.ident.to_string()),
    }
}

/// The file of a module that is declared in `file`. The modules of the new one are in the folder `below`.
fn file_of(files: &Files, item: &ItemMod, file: &str, below: &str) -> String {
    if let Some(named) = named_path(&item.attrs) {
        return beside(file, &named);
    }
    let (plain, nested) = (format!("{below}.rs"), format!("{below}/mod.rs"));
    if files.contains_key(&plain) { plain } else { nested }
}

/// What `name` is for `file`, in whose folder it is.
fn beside(file: &str, name: &str) -> String {
    let (folder, _) = file.rsplit_once('/').unwrap_or_default();
    join(folder, name)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The value of `#[path = ".."]`.
fn named_path(attributes: &[Attribute]) -> Option<String> {
    let named = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let Meta::NameValue(meta) = &named.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) = &meta.value else { return None };
    Some(name.value())
}

/// Whether the item exists in tests only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition =
            attribute.path().is_ident("cfg").then(|| attribute.parse_args::<Meta>().ok()).flatten();
        attribute.path().is_ident("test") || condition.is_some_and(|condition| needs_test(&condition))
    })
}

/// Whether a condition holds in tests only.
fn needs_test(condition: &Meta) -> bool {
    let parts = |condition: &Meta| -> Vec<Meta> {
        let Meta::List(list) = condition else { return Vec::new() };
        let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        parts.map(|parts| parts.into_iter().collect()).unwrap_or_default()
    };
    if condition.path().is_ident("all") {
        parts(condition).iter().any(needs_test)
    } else if condition.path().is_ident("any") {
        parts(condition).iter().all(needs_test)
    } else {
        condition.path().is_ident("test")
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
