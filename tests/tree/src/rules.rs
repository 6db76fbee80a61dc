//! The rules that the project cites, and the page that defines them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::{Files, test_lines};

/// The page that defines the rules, each with `<a id="r7"></a>`.
pub const PAGE: &str = "docs/DESIGN.md";

/// The package whose texts cite rules as examples only.
const EXAMPLES: &str = "tests/tree/";

/// Each cited rule with the places that cite it, as `file:line`.
pub type Citations = BTreeMap<u32, BTreeSet<String>>;

/// The rules that `line` cites: `R` and a number, as a whole word.
pub fn cited(line: &str) -> impl Iterator<Item = u32> {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter_map(|word| {
        let number = word.strip_prefix('R')?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
    })
}

/// The rules that have an anchor in `page`.
pub fn anchors(page: &str) -> BTreeSet<u32> {
    let ids = page.split("<a id=\"r").skip(1);
    ids.filter_map(|rest| rest.split_once('"')?.0.parse().ok()).collect()
}

/// All citations in `files`, and the citations by tests.
///
/// # Panics
///
/// If a source file is not Rust.
pub fn citations(files: &Files) -> (Citations, Citations) {
    let (mut all, mut by_tests) = (Citations::new(), Citations::new());
    for (file, text) in files.iter().filter(|(file, _)| !file.starts_with(EXAMPLES)) {
        let tests = lines_of_tests(file, text);
        for (line, text) in (1..).zip(text.lines()) {
            for rule in cited(text) {
                let place = format!("{file}:{line}");
                if tests.iter().any(|lines| lines.contains(&line)) {
                    by_tests.entry(rule).or_default().insert(place.clone());
                }
                all.entry(rule).or_default().insert(place);
            }
        }
    }
    (all, by_tests)
}

/// Returns one sentence for each rule that is cited and not defined, and for each rule that no test cites.
///
/// # Panics
///
/// If the page is missing, or a source file is not Rust.
pub fn faults(files: &Files) -> Vec<String> {
    let page = files.get(PAGE).unwrap_or_else(|| panic!("`{PAGE}` is missing"));
    let defined = anchors(page);
    let (all, by_tests) = citations(files);
    let undefined = all.iter().filter(|(rule, _)| !defined.contains(rule)).map(|(rule, places)| {
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        format!("R{rule} has no anchor in {PAGE}; it is cited in {}", places.join(", "))
    });
    let unproved = defined.iter().filter(|rule| !by_tests.contains_key(rule));
    let unproved =
        unproved.map(|rule| format!("no test cites R{rule}: cite it in the docs of the test that proves it"));
    undefined.chain(unproved).collect()
}

/// The lines of `file` that are a test's: all of a file of tests, or the modules behind `#[cfg(test)]`.
fn lines_of_tests(file: &str, text: &str) -> Vec<RangeInclusive<usize>> {
    let Some(path) = file.strip_suffix(".rs") else { return Vec::new() };
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    if folders.split('/').any(|folder| folder == "tests") || matches!(name, "tests" | "models") {
        return vec![1..=usize::MAX];
    }
    test_lines(text).unwrap_or_else(|error| panic!("{file}: {error}"))
}
