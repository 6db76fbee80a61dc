//! The layers of a crate: what is an edge, which edges run up, and what is a circle.

use lifecycle_tree_tests::layers::{Edge, Layers, PAGE, circles, edges, faults};
use lifecycle_tree_tests::{Files, Module, modules, project, read};

const LAYERS: &str = "```layers\nplan\nsync\nengine\nhttp consumer\n```\n";

/// A crate with an empty module for each name, but for these files.
fn small(texts: &[(&str, &str)]) -> Vec<Module> {
    let root = "mod plan;\nmod sync;\nmod engine;\nmod http;\nmod consumer;\npub use engine::Lifecycle;\n";
    let empty = ["plan.rs", "sync.rs", "engine.rs", "http.rs", "consumer.rs"].map(|file| (file, ""));
    let all = [("lib.rs", root)].into_iter().chain(empty).chain(texts.iter().copied());
    modules(&all.map(|(file, text)| (file.to_owned(), text.to_owned())).collect())
}

fn faults_of(file: &str, text: &str) -> Vec<String> {
    faults(&small(&[(file, text)]), &Layers::of(LAYERS))
}

/// The one fault of a crate with `text` in `file`.
#[track_caller]
fn fault_of(file: &str, text: &str) -> String {
    let faults = faults_of(file, text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults.concat()
}

#[test]
fn a_tree_whose_paths_run_down_has_no_fault() {
    let found = small(&[
        ("sync.rs", "use crate::plan::Plan;"),
        ("engine.rs", "use super::sync;"),
        ("http.rs", "use crate::Lifecycle;"),
        ("consumer.rs", "use crate::{plan::Plan, sync::{self, Gate}};"),
    ]);
    assert_eq!(faults(&found, &Layers::of(LAYERS)), [""; 0]);
    assert_eq!(edges(&found).len(), 6, "{:#?}", edges(&found));
}

#[test]
fn a_path_that_runs_up_is_a_fault_in_whatever_form() {
    for text in [
        "use crate::http::Server;",
        "use crate::{plan::{self, Plan}, http::{Server as S}};",
        "use super::http;",
        "pub(crate) use crate::http::*;",
        "fn f() { crate::http::serve(); }",
        "fn f(server: &crate::http::Server) {}",
        "fn f(x: u8) -> u64 { x as crate::http::Number }",
        "fn f<T: Into<u8>>() { <T as crate::http::Serve>::serve(); }",
        "impl crate::http::Serve for u8 {}",
        "fn f() { matches!(1, crate::http::ONE); }",
        "macro_rules! m { () => { $crate::http::serve() } }",
        "mod inner { fn f() { super::super::http::serve(); } }",
        "#[crate::http::attribute] fn f() {}",
    ] {
        let fault = fault_of("plan.rs", text);
        assert!(fault.starts_with("plan.rs:1: `plan` uses `http`, which is not above it"), "{text}: {fault}");
    }
}

#[test]
fn a_path_in_tests_docs_or_a_visibility_is_no_edge() {
    for text in [
        "#[cfg(test)] mod tests { use crate::http::Server; }",
        "#[cfg(test)] use crate::http::Server;",
        "#[cfg(all(test, unix))] fn f() { crate::http::serve(); }",
        "struct S; impl S { #[cfg(test)] fn f() { crate::http::serve(); } }",
        "/// See [`crate::http::serve`].\npub(crate) fn f() {}",
        "#![doc = \"crate::http\"]",
        "mod inner { pub(in crate::plan) fn f() { super::g(); self::f(); } }",
        "// crate::http",
    ] {
        assert_eq!(faults_of("plan.rs", text), [""; 0], "{text}");
    }
}

#[test]
fn modules_of_one_line_do_not_use_each_other() {
    let fault = fault_of("consumer.rs", "use crate::http::Server;");
    assert!(fault.contains("`consumer` uses `http`"), "{fault}");
}

#[test]
fn an_export_of_the_root_stands_for_where_it_is_from() {
    let fault = fault_of("plan.rs", "use crate::Lifecycle;");
    assert!(fault.contains("`plan` uses `engine`"), "{fault}");
    let fault = fault_of("plan.rs", "use crate::Unknown;");
    assert!(fault.contains("`plan` uses `lib.rs`"), "{fault}");
}

#[test]
fn a_file_below_a_folder_belongs_to_its_top_module() {
    let files = [
        ("lib.rs", "mod plan;\nmod http;\n#[path = \"private.rs\"]\npub mod __private;"),
        ("plan.rs", "mod cycle;"),
        ("plan/cycle.rs", "use super::Plan;\nuse super::super::http;"),
        ("http/mod.rs", ""),
        ("private.rs", "pub use crate::{http, plan};"),
    ];
    let files: Files = files.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    let found = faults(&modules(&files), &Layers::of("```layers\nplan\nhttp\n```"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("plan/cycle.rs:2: `plan` uses `http`"), "{found:?}");
}

#[test]
fn a_module_in_braces_may_name_the_folder_of_its_files() {
    let files = [
        ("lib.rs", "mod plan;\nmod http;"),
        ("plan.rs", "#[path = \"plan\"] pub mod older { mod library {} mod client; }\nmod client;"),
        ("plan/client.rs", "use crate::http;"),
        ("http.rs", ""),
    ];
    let files: Files = files.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    let found = modules(&files);
    let of_the_client: Vec<_> = found.iter().filter(|module| module.file == "plan/client.rs").collect();
    assert_eq!(of_the_client.len(), 2, "{found:#?}");
    assert!(of_the_client.iter().any(|module| module.path == ["plan", "older", "client"]), "{found:#?}");
}

#[test]
fn a_module_without_a_layer_and_a_layer_without_a_module_are_faults() {
    let files: Files =
        [("lib.rs", "mod plan;"), ("plan.rs", "")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let found = faults(&modules(&files), &Layers::of("```layers\nsync\n```"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("`plan` is in no layer") && found[1].contains("`sync`, which is not a module"),
        "{found:?}"
    );
}

#[test]
fn folders_that_reach_each_other_are_a_circle() {
    let edge = |from: &str, to: &str| Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        place: String::new(),
        path: String::new(),
    };
    let straight = [edge("a", "b"), edge("b", "c"), edge("a", "c")];
    assert!(circles(&straight).is_empty());
    let round = [edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("c", "d"), edge("d", "b")];
    assert_eq!(circles(&round), [["b", "c", "d"]]);
}

#[test]
fn a_circle_of_modules_is_a_fault() {
    let circle = [("engine.rs", "use crate::plan::Plan;"), ("plan.rs", "use crate::engine::Lifecycle;")];
    let found = faults(&small(&circle), &Layers::of(LAYERS));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[1], "a circle of folders: engine, plan");
}

#[test]
#[should_panic(expected = "has no block of layers")]
fn a_page_without_layers_is_refused() {
    Layers::of("# Architecture\n");
}

#[test]
fn no_path_of_the_core_runs_up_and_no_folders_form_a_circle() {
    let architecture = std::fs::read_to_string(project().join(PAGE)).expect("the page is there");
    let core = modules(&read(&project().join("shutdown-core/src")));
    let faults = faults(&core, &Layers::of(&architecture));
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
