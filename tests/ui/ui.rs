//! The tests of every lint, every message and every accepted form of the macros.

mod recorded;

use recorded::refused;

#[test]
fn what_would_leak_is_refused_in_the_users_words() {
    refused("fail", "what_would_leak_is_refused_in_the_users_words");
}

#[test]
fn every_form_is_accepted() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

/// The corpus has typical resources of services (R23). Exactly the recorded errors occur.
#[test]
fn of_realistic_resources_those_that_leak_are_flagged() {
    refused("corpus/leaking", "of_realistic_resources_those_that_leak_are_flagged");
}

#[test]
fn of_realistic_resources_those_that_do_not_leak_are_accepted() {
    trybuild::TestCases::new().pass("corpus/clean/*.rs");
}

/// The real libraries take long to compile. So this test needs `--all-features`.
#[cfg(feature = "clients")]
#[test]
fn the_handles_of_client_libraries_are_known() {
    refused("clients/leaking", "the_handles_of_client_libraries_are_known");
}

#[cfg(feature = "clients")]
#[test]
fn what_releases_the_handles_of_client_libraries_is_accepted() {
    trybuild::TestCases::new().pass("clients/clean/*.rs");
}

/// These libraries build for minutes, so only the long run has the feature.
#[cfg(feature = "long-clients")]
#[test]
fn the_handles_of_client_libraries_that_build_long_are_known() {
    refused("long-clients/leaking", "the_handles_of_client_libraries_that_build_long_are_known");
}

#[cfg(feature = "long-clients")]
#[test]
fn what_releases_the_handles_of_client_libraries_that_build_long_is_accepted() {
    trybuild::TestCases::new().pass("long-clients/clean/*.rs");
}

/// Checks the record itself: a field of the corpus is flagged exactly if its name says so.
#[test]
fn the_recorded_fields_are_those_that_leak() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/leaking");
    for name in ["std_and_tokio", "client_shapes"] {
        let read = |kind| std::fs::read_to_string(folder.join(format!("{name}.{kind}"))).unwrap();
        let (source, recorded) = (read("rs"), read("stderr"));
        let meant = source.lines().filter(|line| line.starts_with("    leak")).count();
        let flagged: Vec<_> = recorded.lines().filter(|line| line.starts_with("error[")).collect();
        assert_eq!(flagged.len(), meant, "{name}");
        assert!(flagged.iter().all(|line| line.contains("::leak")), "{flagged:#?}");
    }
}
