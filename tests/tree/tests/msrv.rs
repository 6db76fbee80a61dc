//! The docs of each client library name the Rust version that its feature needs.

use lifecycle_tree_tests::msrv::{CLIENTS, Needs, PAGE, documented, needs, resolved, rows, sentences};
use lifecycle_tree_tests::{Files, project, read};
use serde_json::json;

/// The `rust-version` of the core.
const OURS: (u64, u64) = (1, 88);
const TABLE: &str = "| feature | crate | version | Rust |";

#[test]
fn the_docs_of_each_client_say_what_its_feature_needs() {
    let files = read(&project().join("shutdown-core/src"));
    let (said, needed) = (documented(&files), resolved(&project()));
    assert!(said.contains_key("sqlx") && said.contains_key("sqlx08"), "{:?}", said.keys());
    let mut faults = Vec::new();
    let mut table = Vec::new();
    for (feature, docs) in &said {
        let Some(Needs { name, version, rust }) = needed.get(feature) else { panic!("what is `{feature}`?") };
        let right = if *rust > OURS { vec![*rust] } else { Vec::new() };
        if sentences(docs) != right {
            faults.push(format!("`{feature}` needs Rust {rust:?}, and its docs say {:?}", sentences(docs)));
        }
        table.push(format!("| `{feature}` | `{name}` | {version} | {}.{} |", rust.0, rust.1));
    }
    assert!(faults.is_empty(), "write `Needs Rust 1.90.`, or nothing up to {OURS:?}:\n{}", faults.join("\n"));
    assert!(
        rows(&files[PAGE], TABLE) == table,
        "the rows in {PAGE} have to be:\n//! {}",
        table.join("\n//! ")
    );
}

#[test]
fn the_sentence_is_found_in_a_head_and_before_a_module_and_before_a_version() {
    let files = [
        (
            CLIENTS,
            "/// Needs Rust 1.94.\n#[cfg(feature = \"a-b\")]\npub mod a_b;\n#[cfg(feature = \"c\")]\npub mod c;\n#[cfg(any(feature = \"c\", feature = \"d\"))]\nmod pool;\nother_versions! {\n/// Needs Rust 1.90.\n#[cfg(feature = \"a-b1\")]\na_b1 = a_b;\n}",
        ),
        ("release/clients/a_b.rs", "//! Handles."),
        ("release/clients/c.rs", "//! Handles.\n//!\n//! Run. Needs Rust 1.89."),
    ];
    let files: Files = files.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    let found: Vec<_> = documented(&files).into_iter().map(|(name, docs)| (name, sentences(&docs))).collect();
    let expected = [("a-b", (1, 94)), ("a-b1", (1, 90)), ("c", (1, 89))];
    assert_eq!(found, expected.map(|(name, rust)| (name.to_owned(), vec![rust])));
}

#[test]
fn a_feature_needs_what_its_client_and_the_dependencies_of_its_client_need() {
    let package = |id: &str, rust: Option<&str>| json!({ "id": id, "name": id, "rust_version": rust });
    let dependency = |name: &str, pkg: &str, kind: Option<&str>| json!({ "name": name, "pkg": pkg, "dep_kinds": [{ "kind": kind }] });
    let mut core = package("shutdown-core", Some("1.88"));
    core["features"] = json!({ "a-b1": ["dep:a-b1"], "c": ["dep:c"], "net": ["c"] });
    core["dependencies"] = json!([
        { "name": "a-b", "rename": "a-b1", "req": "^0.8.6" },
        { "name": "c", "rename": null, "req": "^4" },
    ]);
    let metadata = json!({
        "packages": [core, package("a-b", None), package("c", Some("1.80.0")), package("d", Some("1.90.0")), package("e", Some("1.99"))],
        "resolve": { "nodes": [
            { "id": "shutdown-core", "deps": [dependency("a_b1", "a-b", None), dependency("c", "c", None)] },
            { "id": "a-b", "deps": [dependency("d", "d", Some("build")), dependency("e", "e", Some("dev"))] },
            { "id": "c", "deps": [] },
            { "id": "d", "deps": [] },
        ] },
    });
    let found: Vec<_> = needs(&metadata).into_iter().collect();
    let needs =
        |name: &str, version: &str, rust| Needs { name: name.to_owned(), version: version.to_owned(), rust };
    let expected = [("a-b1", needs("a-b", "0.8.6", (1, 90))), ("c", needs("c", "4", (1, 88)))];
    assert_eq!(found, expected.map(|(feature, needs)| (feature.to_owned(), needs)));
}
