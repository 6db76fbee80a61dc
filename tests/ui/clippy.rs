//! The configuration `docs/clippy.toml` warns of calls that bypass the drain, and of no other calls.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

#[test]
fn what_goes_around_the_drain_is_warned_of() {
    let (here, tmp) = (Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(env!("CARGO_TARGET_TMPDIR")));
    let (root, package) = (here.join("../.."), tmp.join("clippy"));
    fs::create_dir_all(package.join("src")).unwrap();
    let core = root.join("shutdown-core").canonicalize().unwrap();
    let manifest = format!(
        "[package]\nname = \"banned\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         shutdown-core = {{ path = {core:?} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"signal\"] }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The lock file makes cargo use the versions that are already downloaded.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    fs::copy(root.join("docs/clippy.toml"), package.join("clippy.toml")).unwrap();
    let source = fs::read_to_string(here.join("clippy/banned.rs")).unwrap();
    fs::write(package.join("src/main.rs"), &source).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--offline", "-j2", "--message-format", "short"])
        .env("CARGO_TARGET_DIR", tmp.join("clippy-target"))
        .env_remove("CLIPPY_CONF_DIR")
        .env_remove("RUSTFLAGS")
        .current_dir(&package)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "needs clippy: `rustup component add clippy`\n{told}");

    let is_banned = |line: &&str| line.trim_end().ends_with("// banned");
    let banned: BTreeSet<usize> =
        (1..).zip(source.lines()).filter(|(_, line)| is_banned(line)).map(|(number, _)| number).collect();
    let warned: BTreeSet<usize> = told
        .lines()
        .filter_map(|line| line.strip_prefix("src/main.rs:")?.split(':').next()?.parse().ok())
        .collect();
    assert_eq!(warned, banned, "{told}");
    assert!(!told.contains("clippy.toml"), "{told}");
}
