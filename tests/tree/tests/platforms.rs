//! The page `platforms` shows a part of the example `windows-service`, which only Windows compiles.

use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_windows_service_of_the_page_is_that_of_the_example() {
    let page = read("shutdown-core/src/platforms.rs");
    let section = page.lines().skip_while(|line| *line != "//! # A Windows service");
    let lines = section.skip_while(|line| *line != "//! ```text").skip(1);
    let shown: Vec<&str> = lines
        .take_while(|line| *line != "//! ```")
        .map(|line| line.strip_prefix("//!").expect("a doc comment"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let example = read("examples/windows-service/src/service.rs");
    let items: Vec<String> = shown.split(|line| line.is_empty()).map(|item| item.join("\n")).collect();
    assert_eq!(items.len(), 2, "{shown:?}");
    for item in items {
        assert!(example.contains(&item), "this is not in the example:\n{item}");
    }
}
