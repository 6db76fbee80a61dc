//! The first command of the README: it runs as written, and builds only what it needs.

use std::fs;
use std::path::Path;
use std::process::Command;

use lifecycle::testing::{Program, drill_program};

/// The root of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The client libraries and the test packages, which the command must not build.
const NOT_NEEDED: [&str; 10] = [
    "async-nats",
    "harness",
    "lapin",
    "order-queue",
    "prost",
    "redis",
    "sqlx",
    "tokio-tungstenite",
    "tonic",
    "url",
];

/// The command without `cargo`, as the README shows it.
#[track_caller]
fn arguments() -> Vec<String> {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("the README is readable");
    let command = readme.lines().find_map(|line| line.strip_prefix("cargo run -p checkout "));
    let command = command.expect("the README runs `checkout`");
    ["run", "-p", "checkout"].into_iter().chain(command.split(' ')).map(str::to_owned).collect()
}

/// A build of the whole workspace shares its features. This build has only the features that the command asks for, in a
/// target folder of its own.
#[test]
fn the_command_of_the_readme_builds_and_loses_nothing() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-command");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments()).current_dir(ROOT).env("CARGO_TARGET_DIR", &target);
    let output = cargo.output().expect("cargo is executable");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("nothing was lost"), "{text}");
    has_no_drill(&target.join("debug/checkout"));
}

/// A build without the feature `testing` does not know the variable of a drill (R38). Every test of this package has the
/// feature by a dev-dependency, and the program that the test command builds has it, too.
#[track_caller]
fn has_no_drill(program: &Path) {
    const VARIABLE: &str = "LIFECYCLE_DRILL";
    let has_variable = |program: &Path| {
        let bytes = fs::read(program).expect("the program is readable");
        bytes.windows(VARIABLE.len()).any(|part| part == VARIABLE.as_bytes())
    };
    assert!(has_variable(Path::new(env!("CARGO_BIN_EXE_checkout"))));
    assert!(!has_variable(program), "{} knows `{VARIABLE}`", program.display());
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (path, at) = (program.to_owned(), folder.path().to_owned());
    let checkout =
        move || Program::new(&path).arg(&at).prints_address("listening on ").ready_at_probe("/readyz");
    let mut service = checkout().env(VARIABLE, "error:Database").start();
    service.terminate();
    service.stopped().exited(0);
    let drill = std::panic::catch_unwind(|| drop(drill_program(checkout).run()));
    let panic = drill.expect_err("the drill refuses");
    let why = panic.downcast_ref::<String>().expect("a text");
    assert!(why.contains("built without the feature `testing` of `shutdown-core`"), "{why}");
}

#[test]
fn the_command_of_the_readme_builds_no_client_library_and_no_test_package() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "-p", "checkout", "-e", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let output = cargo.current_dir(ROOT).output().expect("cargo is executable");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let packages: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(packages.contains(&"shutdown-core"), "{packages:?}");
    for package in NOT_NEEDED {
        assert!(!packages.contains(&package), "the first command builds `{package}`");
    }
}
