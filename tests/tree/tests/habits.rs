//! Code that belongs into one place only.

use lifecycle_tree_tests::habits::{bare_atomics, listed_unsafe_files, poisoned_locks, unsafe_files};
use lifecycle_tree_tests::{Files, Module, modules, project, read};

/// A crate with this text in `sync` as well as in `engine`.
fn twice(text: &str) -> Vec<Module> {
    let files = [("lib.rs", "mod sync;\nmod engine;"), ("sync.rs", text), ("engine.rs", text)];
    let files: Files = files.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    modules(&files)
}

#[test]
fn only_sync_recovers_from_a_poisoned_lock() {
    for text in ["use std::sync::{Mutex, PoisonError};", "fn f() { std::sync::PoisonError::into_inner; }"] {
        assert_eq!(poisoned_locks(&twice(text)), ["engine.rs:1"], "{text}");
    }
    assert!(poisoned_locks(&twice("#[cfg(test)] mod tests { use std::sync::PoisonError; }")).is_empty());
}

#[test]
fn only_sync_names_atomics() {
    for text in [
        "use std::sync::atomic::AtomicBool;",
        "use std::sync::{Arc, atomic::{AtomicBool, Ordering}};",
        "use std::{fmt, sync::atomic};",
        "static A: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);",
        "fn f() { assert!(std::sync::atomic::fence()); }",
    ] {
        assert_eq!(bare_atomics(&twice(text)), ["engine.rs:1"], "{text}");
    }
    assert!(bare_atomics(&twice("use crate::sync::{AtomicBool, atomic::Ordering};")).is_empty());
}

#[test]
fn unsafe_is_found_in_each_form_and_only_outside_tests() {
    for text in [
        "fn f() { unsafe { g() } }",
        "unsafe impl Send for S {}",
        "unsafe extern \"C\" {}",
        "#[unsafe(no_mangle)] fn f() {}",
        "macro_rules! m { () => { unsafe { g() } } }",
    ] {
        assert_eq!(unsafe_files(&twice(text)).len(), 2, "{text}");
    }
    assert!(
        unsafe_files(&twice("#![expect(unsafe_code)]\n#[cfg(test)] mod tests { fn f() { unsafe { g() } } }"))
            .is_empty()
    );
}

#[test]
fn the_list_of_unsafe_files_is_a_table_after_its_mark() {
    let page = "| `a.rs` | before |\n\n<!-- unsafe -->\n\n| file | why |\n|---|---|\n| `b.rs` | it |\n| `c/d.rs` | it |\n\n| `e.rs` | x |\n";
    assert_eq!(listed_unsafe_files(page).into_iter().collect::<Vec<_>>(), ["b.rs", "c/d.rs"]);
}

/// The core without its tests.
fn core() -> Vec<Module> {
    modules(&read(&project().join("shutdown-core/src")))
}

#[test]
fn the_core_recovers_from_poisoned_locks_in_sync_only() {
    assert_eq!(poisoned_locks(&core()), [""; 0], "use `crate::sync::lock`");
}

#[test]
fn the_core_names_atomics_in_sync_only() {
    assert_eq!(bare_atomics(&core()), [""; 0], "use the atomics of `crate::sync`");
}

#[test]
fn the_core_is_unsafe_only_where_the_architecture_says_why() {
    let page = std::fs::read_to_string(project().join("ARCHITECTURE.md")).expect("the page is there");
    assert_eq!(
        unsafe_files(&core()),
        listed_unsafe_files(&page),
        "left: in the code; right: in ARCHITECTURE.md"
    );
}
