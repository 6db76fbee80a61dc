//! The table agrees with the features of the core and with the types that they know (R24).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{CLIENTS, Client};
use crate::model::handle::Handle;

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shutdown-core")
}

fn read(path: &str) -> String {
    let path = core().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the text between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(between, _)| between)
}

fn handles(ty: &str) -> Vec<Handle> {
    let ty = syn::parse_str(ty).unwrap_or_else(|error| panic!("`{ty}`: {error}"));
    Handle::all(&ty, &quote::format_ident!("Owner"))
}

fn features(client: &Client) -> impl Iterator<Item = &'static str> {
    client.features.iter().map(|(feature, _)| *feature)
}

/// Lists the features that `release/clients.rs` names.
fn features_of_the_core() -> BTreeSet<String> {
    let source = read("src/release/clients.rs");
    let named: BTreeSet<_> =
        source.split("feature = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.contains("lapin"), "{named:?}");
    named.into_iter().map(str::to_owned).collect()
}

#[test]
fn r24_every_feature_of_a_client_is_in_the_table() {
    let known: BTreeSet<_> = CLIENTS.iter().flat_map(features).collect();
    let missing: Vec<_> =
        features_of_the_core().into_iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "add them to `shutdown-macros/src/model/clients.rs`: {missing:?}");
}

#[test]
fn r24_every_feature_in_the_table_has_the_version_of_the_core() {
    let manifest = read("Cargo.toml");
    let line = |start: String| manifest.lines().find(|line| line.starts_with(&start));
    for client in CLIENTS {
        for (feature, version) in client.features {
            let declared = line(format!("{feature} = [")).unwrap_or_else(|| panic!("no feature `{feature}`"));
            let krate = |dependency: &str| {
                let declared = line(format!("{dependency} = {{")).unwrap();
                (declared, between(declared, "package = \"", "\"").unwrap_or(dependency).replace('-', "_"))
            };
            let mut dependencies =
                declared.split("\"dep:").skip(1).map(|rest| krate(rest.split('"').next().unwrap()));
            let (declared, package) = dependencies
                .find(|(_, package)| package == client.crates[0])
                .unwrap_or_else(|| panic!("`{feature}` is not a feature of {}", client.crates[0]));
            let used = between(declared, "version = \"", "\"").unwrap();
            let is_same = used == *version || used.starts_with(&format!("{version}."));
            assert!(is_same, "`{feature}` is for {package} {used}, and the table says {version}");
        }
    }
}

/// Every type that a feature knows is found by its path, so that it is not silent without the feature.
#[test]
fn r24_every_type_of_a_feature_looks_like_a_handle() {
    let folder = core().join("src/release/clients");
    let (mut seen, mut missing) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(source) = fs::read_to_string(&path) else { continue };
        let file = path.file_stem().unwrap().to_str().unwrap();
        // An entry of `known!` is `[..] Type: "path::Type",`.
        for line in source.lines().map(str::trim).filter(|line| line.starts_with('[')) {
            let Some(ty) = between(line, ": \"", "\",") else { continue };
            let found = handles(ty);
            // A file serves several versions of its library, and its name is that of one feature.
            let is_known =
                |handle: &Handle| features(handle.client).any(|feature| feature.replace('-', "_") == file);
            if found.len() != 1 || !found.iter().all(is_known) {
                missing.push(format!("{file}: {ty}"));
            }
            seen += 1;
        }
    }
    assert!(seen >= 20, "only {seen} types were found");
    assert!(missing.is_empty(), "add them to `shutdown-macros/src/model/clients.rs`: {missing:#?}");
}

/// A client without a feature has a file of lines to copy, and the lint finds the types of each such file.
#[test]
fn r24_every_client_without_a_feature_has_a_ready_made_line() {
    let table = CLIENTS.iter().filter(|client| client.features.is_empty()).map(|client| client.crates[0]);
    let table: BTreeSet<_> = table.map(str::to_owned).collect();
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(core().join("ready-made")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(path).unwrap();
        let entries = between(&source, "known_types! {", "\n}").unwrap();
        // An entry is `Type, "what is lost", "method";`.
        let entries = entries.split(';').map(str::trim).filter(|entry| !entry.is_empty());
        let types: Vec<_> = entries.map(|entry| entry.split_once(", \"").unwrap().0).collect();
        for ty in &types {
            let ty = ty.split_once("> ").filter(|_| ty.starts_with("impl")).map_or(*ty, |(_, ty)| ty);
            looks_like(&format!("{name}::{ty}"), &[&name]);
        }
        assert!(!types.is_empty(), "{name}");
        files.insert(name);
    }
    assert_eq!(table, files);
}

#[test]
fn r24_a_bare_name_means_one_client() {
    let mut own: Vec<_> = CLIENTS.iter().flat_map(|client| client.own).collect();
    let count = own.len();
    own.sort_unstable();
    own.dedup();
    assert_eq!(own.len(), count, "{own:?}");
    let names: Vec<_> = CLIENTS.iter().map(|client| client.crates[0]).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[track_caller]
fn looks_like(ty: &str, expected: &[&str]) {
    let found: Vec<_> = handles(ty).iter().map(|handle| handle.client.crates[0]).collect();
    assert_eq!(found, expected, "{ty}");
}

#[test]
fn r24_a_common_name_needs_the_name_of_its_crate() {
    for ty in
        ["Client", "Pool<Postgres>", "Connection", "clients::Client", "managed::Pool<M>", "my::Writer<File>"]
    {
        looks_like(ty, &[]);
    }
    looks_like("async_nats::Client", &["async_nats"]);
    looks_like("::lapin::Connection", &["lapin"]);
    looks_like("sqlx::Pool<Postgres>", &["sqlx"]);
    looks_like("diesel::r2d2::Pool<M>", &["r2d2"]);
    looks_like("diesel_async::pooled_connection::bb8::Pool<C>", &["bb8"]);
    looks_like("deadpool_postgres::Pool", &["deadpool"]);
    looks_like("fred::prelude::Client", &["fred"]);
    looks_like("sqlx08::Pool<Postgres>", &["sqlx"]);
    looks_like("async_nats050::Client", &["async_nats"]);
}

#[test]
fn r24_a_telling_name_needs_no_path_but_no_other_crate_may_be_named() {
    looks_like("PgPool", &["sqlx"]);
    looks_like("FutureProducer<C>", &["rdkafka"]);
    looks_like("aio::MultiplexedConnection", &["redis"]);
    looks_like("non_blocking::WorkerGuard", &["tracing_appender"]);
    for ty in [
        "db::PgPool",
        "crate::PgPool",
        "other::WorkerGuard",
        "redis::PgPool",
        "flate2::read::GzEncoder<R>",
        "MyPgPool",
    ] {
        looks_like(ty, &[]);
    }
}

#[test]
fn r24_handles_are_found_in_wrappers_and_nowhere_else() {
    for ty in [
        "Arc<PgPool>",
        "Option<Box<PgPool>>",
        "std::sync::Mutex<Vec<PgPool>>",
        "HashMap<String, PgPool>",
        "lifecycle::Slot<PgPool>",
        "[PgPool; 2]",
        "&'static PgPool",
        "(u8, (PgPool, u8))",
        "Result<PgPool, String>",
    ] {
        looks_like(ty, &["sqlx"]);
    }
    looks_like("(PgPool, Vec<lapin::Channel>)", &["sqlx", "lapin"]);
    // The lock and the value in it are both asked.
    looks_like("parking_lot::Mutex<PgPool>", &["parking_lot", "sqlx"]);
    for ty in [
        "PhantomData<PgPool>",
        "fn(PgPool)",
        "Box<dyn Fn(PgPool)>",
        "Managed<PgPool>",
        "Other<PgPool>",
        "HashMap<PgPool, u8>",
        "<PgPool as Trait>::Item",
    ] {
        looks_like(ty, &[]);
    }
}

#[test]
fn a_type_is_printed_as_it_was_written() {
    for ty in
        ["sqlx::Pool<sqlx::Postgres>", "sqlx::Transaction<'static, Db>", "csv::Writer<&'static mut File>"]
    {
        assert_eq!(handles(ty)[0].written(), ty);
    }
}

/// The structs of the corpus around real clients: without the features, each field that leaks raises the question.
#[test]
fn r24_what_leaks_in_the_corpus_looks_like_a_handle() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui");
    let folders = ["clients", "long-clients"].map(|name| ui.join(name).join("leaking"));
    let (mut seen, mut silent) = (0, Vec::new());
    for entry in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        // The tests in `tests/ui` fail if a record is missing.
        let Ok(recorded) = fs::read_to_string(path.with_extension("stderr")) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        let source = syn::parse_file(&text).unwrap();
        // No macro sees what is behind a name of the user's own.
        let is_renamed = |word: &str| {
            let declared = [format!("type {word} ="), format!("type {word}<"), format!(" as {word};")];
            declared.iter().any(|declared| text.contains(declared))
        };
        for item in source.items {
            let syn::Item::Struct(item) = item else { continue };
            for field in item.fields {
                let name = format!("`{}::{}`", item.ident, field.ident.unwrap());
                let ty = &field.ty;
                let written = quote::quote!(#ty).to_string();
                if !recorded.contains(&format!("in {name}")) || written.contains("lifecycle :: net") {
                    continue;
                }
                seen += 1;
                let is_hidden = written.split(' ').any(is_renamed);
                if Handle::all(ty, &item.ident).is_empty() && !is_hidden {
                    silent.push(format!("{name}: {written}"));
                }
            }
        }
    }
    assert!(seen >= 25, "only {seen} fields are recorded");
    assert!(silent.is_empty(), "write the path of each type, or add it to the table: {silent:#?}");
}
