//! The minimum Rust version (MSRV) of each feature for a client library: what the docs say, and what cargo resolves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use proc_macro2::Span;
use serde_json::Value;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ExprLit, Ident, Item, ItemMod, Lit, Meta, Token};

use crate::Files;

/// The file that declares a module for each client library.
pub const CLIENTS: &str = "release/clients.rs";
/// The file whose page has the table of features.
pub const PAGE: &str = "lints/unreleased_field.rs";

/// The version of Rust that something needs, such as `(1, 88)`.
pub type Rust = (u64, u64);

/// What the feature of a client library needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The name of the crate.
    pub name: String,
    /// The version in the core's `Cargo.toml`.
    pub version: String,
    /// The greatest `rust-version` of the crate, of what it depends on, and of the core.
    pub rust: Rust,
}

/// Returns the docs of each client's module, by the feature that the module needs.
///
/// # Panics
///
/// If a file is missing, or is not Rust.
pub fn documented(files: &Files) -> BTreeMap<String, String> {
    let parse = |file: &str| {
        let text = files.get(file).unwrap_or_else(|| panic!("`{file}` is missing"));
        syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    let mut found = BTreeMap::new();
    for item in parse(CLIENTS).items {
        match item {
            Item::Mod(ItemMod { attrs, ident, content: None, .. }) => {
                if let Some(feature) = feature(&attrs) {
                    let file = parse(&format!("release/clients/{ident}.rs"));
                    found.insert(feature, docs(&attrs) + &docs(&file.attrs));
                }
            }
            Item::Macro(item) if item.mac.path.is_ident("other_versions") => {
                let versions: Versions = item.mac.parse_body().expect("the form of `other_versions!`");
                found.extend(versions.0.iter().filter_map(|attrs| Some((feature(attrs)?, docs(attrs)))));
            }
            _ => {}
        }
    }
    found
}

/// The attributes of each entry of `other_versions!`.
struct Versions(Vec<Vec<Attribute>>);

impl Parse for Versions {
    fn parse(input: ParseStream<'_>) -> syn::Result<Versions> {
        let mut versions = Vec::new();
        while !input.is_empty() {
            versions.push(input.call(Attribute::parse_outer)?);
            let _: (Ident, Token![=], Ident, Token![;]) =
                (input.parse()?, input.parse()?, input.parse()?, input.parse()?);
        }
        if versions.is_empty() {
            return Err(syn::Error::new(Span::call_site(), "no version"));
        }
        Ok(Versions(versions))
    }
}

/// Returns the feature of `#[cfg(feature = "..")]`.
fn feature(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let condition = attribute.path().is_ident("cfg").then(|| attribute.parse_args::<Meta>().ok())??;
        condition.path().is_ident("feature").then(|| text(&condition))?
    })
}

/// Returns the doc comments, as lines.
fn docs(attributes: &[Attribute]) -> String {
    let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    docs.filter_map(|attribute| text(&attribute.meta)).map(|line| line + "\n").collect()
}

/// Returns the string of `name = ".."`.
fn text(meta: &Meta) -> Option<String> {
    let Meta::NameValue(meta) = meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { return None };
    Some(text.value())
}

/// Returns every version in a sentence `Needs Rust 1.90.`
pub fn sentences(docs: &str) -> Vec<Rust> {
    let sentences = docs.split("Needs Rust ").skip(1);
    sentences.map(|rest| version(rest.split_whitespace().next().unwrap_or_default())).collect()
}

/// Reads `1.90`, `1.90.0` or `1.90.`
fn version(text: &str) -> Rust {
    let mut parts = text.trim_end_matches('.').split('.').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => panic!("`{text}` is not a version"),
    }
}

/// Returns the rows of the table that begins with this line, in a doc comment.
///
/// # Panics
///
/// If there is no such table.
pub fn rows<'a>(page: &'a str, head: &str) -> Vec<&'a str> {
    let lines = page.lines().map(|line| line.trim_start().trim_start_matches("//!").trim());
    let rows: Vec<_> =
        lines.skip_while(|line| *line != head).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 2, "there is no table `{head}`");
    rows[2..].to_vec()
}

/// Asks cargo what each feature of the core needs that turns on a dependency.
///
/// # Panics
///
/// If cargo cannot resolve the workspace.
pub fn resolved(project: &Path) -> BTreeMap<String, Needs> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--all-features"]).current_dir(project);
    command.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    needs(&serde_json::from_slice(&output.stdout).expect("cargo writes JSON"))
}

/// Reads what each feature of the core needs from the output of `cargo metadata`.
///
/// # Panics
///
/// If the output has no package `shutdown-core`.
pub fn needs(metadata: &Value) -> BTreeMap<String, Needs> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (string(&package["id"]), package)).collect();
    let dependencies: BTreeMap<String, Vec<Value>> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .map(|node| (string(&node["id"]), list(&node["deps"]).into_iter().filter(is_built).collect()))
        .collect();
    let (id, core) =
        packages.iter().find(|(_, package)| package["name"] == "shutdown-core").expect("the core");
    let rust_of = |id: &str| packages[id]["rust_version"].as_str().map_or((0, 0), version);

    let features = core["features"].as_object().cloned().unwrap_or_default();
    let mut found = BTreeMap::new();
    for (feature, parts) in features {
        let parts = list(&parts);
        let Some(of) = parts.iter().find_map(|part| part.as_str()?.strip_prefix("dep:")) else { continue };
        let named =
            |dependency: &&Value| dependency["rename"].as_str().or(dependency["name"].as_str()) == Some(of);
        let declared = list(&core["dependencies"]);
        let declared = declared.iter().find(named).expect("an optional dependency");
        let name = of.replace('-', "_");
        let Some(resolved) = dependencies[id].iter().find(|dependency| dependency["name"] == *name) else {
            continue;
        };
        let (mut reached, mut next) = (BTreeSet::new(), vec![string(&resolved["pkg"])]);
        while let Some(package) = next.pop() {
            if reached.insert(package.clone()) {
                next.extend(dependencies[&package].iter().map(|dependency| string(&dependency["pkg"])));
            }
        }
        let rust = reached.iter().map(|id| rust_of(id)).chain([rust_of(id)]).max().unwrap_or_default();
        let version = string(&declared["req"]).trim_start_matches('^').to_owned();
        found.insert(feature, Needs { name: string(&declared["name"]), version, rust });
    }
    found
}

/// Whether a dependency is compiled for a user, and not only for tests.
fn is_built(dependency: &Value) -> bool {
    dependency["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
}
