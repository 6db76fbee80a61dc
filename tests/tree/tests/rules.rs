//! The rules of `docs/DESIGN.md`, and who cites them.

use lifecycle_tree_tests::rules::{PAGE, anchors, cited, faults};
use lifecycle_tree_tests::{Files, project, read};

/// A project with one rule, one source file and one test.
fn small(source: &str, test: &str) -> Files {
    let page = "### <a id=\"r1\"></a>R1. Dependents first\n";
    let files = [(PAGE, page), ("core/src/plan.rs", source), ("core/tests/plan.rs", test)];
    files.map(|(file, text)| (file.to_owned(), text.to_owned())).into()
}

#[test]
fn every_cited_rule_is_defined_and_every_rule_is_cited_by_a_test() {
    let faults = faults(&read(&project()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_rule_is_a_whole_word() {
    let found = |line: &str| -> Vec<u32> { cited(line).collect() };
    assert_eq!(found("(R10, R2): `R14`/R7."), [10, 2, 14, 7]);
    assert!(found("STR1 R1a _R1 R1_ R r1 R12x XR3 RUST R٣").is_empty());
}

#[test]
fn an_anchor_is_a_rule() {
    let page = "<a id=\"r1\"></a> <a id=\"r12\"></a> <a id=\"rx\"></a> R7 <a href=\"#r9\">";
    assert_eq!(anchors(page).into_iter().collect::<Vec<_>>(), [1, 12]);
}

#[test]
fn a_rule_that_is_defined_and_cited_by_a_test_is_no_fault() {
    assert!(faults(&small("// R1", "// R1")).is_empty());
}

#[test]
fn a_cited_rule_without_an_anchor_is_a_fault() {
    let faults = faults(&small("//\n// R2", "// R1"));
    assert_eq!(faults, ["R2 has no anchor in docs/DESIGN.md; it is cited in core/src/plan.rs:2"]);
}

#[test]
fn a_rule_that_only_code_cites_is_a_fault() {
    let faults = faults(&small("// R1\nmod tests {}", ""));
    assert_eq!(faults, ["no test cites R1: cite it in the docs of the test that proves it"]);
}

#[test]
fn a_module_behind_cfg_test_is_a_test() {
    let with = |condition: &str| small(&format!("#[cfg({condition})]\nmod checks {{\n    // R1\n}}\n"), "");
    for condition in ["test", "all(test, unix)", "any(test, all(test, unix))"] {
        assert!(faults(&with(condition)).is_empty(), "{condition}");
    }
    for condition in ["unix", "not(test)", "any(test, unix)"] {
        assert_eq!(faults(&with(condition)).len(), 1, "{condition}");
    }
}
