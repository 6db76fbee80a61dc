//! Compares the errors of the fixtures with the `.stderr` files, which one compiler recorded.
//!
//! Another compiler words and marks its part of an error differently. There the test compares only our part: the
//! lint, its message and its line.

use std::{env, fs, path::Path, process::Command};

/// The compiler that the `.stderr` files were recorded with.
const RECORDED: &str = "1.95.0";

/// The variable that selects the comparison for another compiler, even with the recorded compiler.
const LOOSE: &str = "LIFECYCLE_UI_LOOSE";

/// The variable that holds the folder of the copies, in the process that records them.
const FOLDER: &str = "LIFECYCLE_UI_FOLDER";

/// Checks that the compiler refuses every fixture of a folder as its `.stderr` says. `test` is the name of the
/// calling test.
pub(crate) fn refused(folder: &str, test: &str) {
    if let Ok(copies) = env::var(FOLDER) {
        trybuild::TestCases::new().compile_fail(format!("{copies}/*.rs"));
    } else if env::var_os(LOOSE).is_some() || compiler() != RECORDED {
        said_by_another_compiler(folder, test);
    } else {
        trybuild::TestCases::new().compile_fail(format!("{folder}/*.rs"));
    }
}

/// Returns the version of the compiler, such as `1.95.0` or `1.97.0-nightly`.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

/// Lets trybuild record copies of the fixtures, and compares the two records.
fn said_by_another_compiler(folder: &str, test: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loose").join(folder);
    drop(fs::remove_dir_all(&copies));
    fs::create_dir_all(&copies).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(&fixtures).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "rs") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            fs::copy(&path, copies.join(format!("{name}.rs"))).unwrap();
            names.push(name);
        }
    }
    names.sort();
    assert!(!names.is_empty(), "no fixtures in {}", fixtures.display());

    // Environment variables configure the recording of trybuild. They apply to a whole process, so this is a new
    // one.
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, &copies)
        .env("TRYBUILD", "overwrite")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "there is no test `{test}`\n{told}");

    let wrong: Vec<_> = names.iter().filter_map(|name| compare(&fixtures, &copies, name)).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), names.len(), wrong.join("\n"));
}

/// Returns the errors that are missing in the new record, and the errors that only the new record has.
fn compare(fixtures: &Path, copies: &Path, name: &str) -> Option<String> {
    let errors = |folder: &Path| {
        let record = fs::read_to_string(folder.join(format!("{name}.stderr")));
        ours(&record.unwrap_or_else(|error| panic!("{name}.stderr: {error}")))
    };
    let (recorded, mut said) = (errors(fixtures), errors(copies));
    let mut missing = Vec::new();
    for error in recorded {
        match said.iter().position(|said| *said == error) {
            Some(at) => drop(said.remove(at)),
            None => missing.push(error),
        }
    }
    let missing = missing.iter().map(|error| ("missing", error));
    let both = missing.chain(said.iter().map(|error| ("not recorded", error)));
    let wrong: Vec<_> = both.map(|(what, (text, line))| format!("  {what}, line {line}: {text}")).collect();
    (!wrong.is_empty()).then(|| format!("{name}:\n{}", wrong.join("\n")))
}

/// Returns our errors: the first line of the message, and its line in the source.
fn ours(record: &str) -> Vec<(String, usize)> {
    let mut lines = record.lines();
    let mut errors = Vec::new();
    while let Some(line) = lines.next() {
        let Some(message) = headline(line) else { continue };
        let place = lines.find_map(|line| line.trim_start().strip_prefix("--> ")).unwrap();
        // The format is `path:line:column`.
        let line = place.rsplit(':').nth(1).and_then(|line| line.parse().ok());
        errors.push((message.to_owned(), line.unwrap_or_else(|| panic!("no line in `{place}`"))));
    }
    errors
}

/// Returns the text after `error: `, `error[E0000]: ` or `warning: ` if a lint of ours wrote it.
fn headline(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("error").or_else(|| line.strip_prefix("warning"))?;
    let (kind, message) = rest.split_once(": ")?;
    // rustc prints the warning as the use of a deprecated method.
    if let Some(path) = message.strip_prefix("use of deprecated method `") {
        return path.split_once("lifecycle::lints::unknown_client`: ").map(|(_, message)| message);
    }
    let message = message.strip_prefix("evaluation panicked: ").unwrap_or(message);
    let is_code = kind.is_empty() || (kind.starts_with('[') && kind.ends_with(']'));
    (is_code && message.starts_with("lifecycle::")).then_some(message)
}

#[test]
fn an_error_is_ours_by_its_headline() {
    let record = "error[E0080]: evaluation panicked: lifecycle::a: first\n              help: second\n  --> x.rs:7:5\n\
                  error: use of deprecated `lifecycle::b`\n --> x.rs:8:1\n\
                  error: lifecycle::c: third\n --> x.rs:9:1\n\
                  warning: use of deprecated method `_::lifecycle::lints::unknown_client`: fourth\n --> x.rs:10:1\n\
                  warning: unused\n --> x.rs:11:1\n";
    let expected = [("lifecycle::a: first", 7), ("lifecycle::c: third", 9), ("fourth", 10)];
    let expected = expected.map(|(message, line)| (message.to_owned(), line));
    assert_eq!(ours(record), expected);
}
