//! Timed cargo runs on generated crates in a separate folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Cargo {
    folder: PathBuf,
}

/// A generated crate.
pub(crate) struct Crate {
    name: String,
    folder: PathBuf,
    root: PathBuf,
}

impl Cargo {
    pub(crate) fn new(folder: &Path) -> Cargo {
        fs::create_dir_all(folder).expect("a folder in the temporary one");
        Cargo { folder: folder.to_owned() }
    }

    /// Writes a crate. The crate is a binary if `source` has a `main`, and otherwise a library.
    pub(crate) fn write(&self, name: &str, source: &str) -> Crate {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let folder = self.folder.join(name);
        let is_program = source.contains("fn main()");
        let root = folder.join(if is_program { "src/main.rs" } else { "src/lib.rs" });
        let lifecycle = match source.contains("lifecycle") {
            true => format!("shutdown-core = {{ path = \"{}\" }}", workspace.join("shutdown-core").display()),
            false => String::new(),
        };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             inventory = \"0.3\"\n{lifecycle}\n\
             tokio = {{ version = \"1\", features = [\"rt-multi-thread\", \"macros\", \"signal\", \"sync\", \"time\"] }}\n"
        );
        let manifest = match is_program {
            true => manifest.replace("inventory = \"0.3\"\n", ""),
            false => manifest,
        };
        fs::create_dir_all(folder.join("src")).expect("a folder of our own");
        fs::write(folder.join("Cargo.toml"), manifest).expect("a file of our own");
        fs::write(&root, source).expect("a file of our own");
        // The workspace's lock file provides the same versions, and needs no network.
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace is locked");
        let name = name.to_owned();
        Crate { name, folder, root }
    }

    /// Compiles the crate without its dependencies, and returns the processor time in seconds.
    pub(crate) fn again(&self, verb: &str, krate: &Crate) -> f64 {
        let target = self.folder.join("target");
        Self::run(verb, krate, &target);
        let source = fs::read(&krate.root).expect("it was written");
        fs::write(&krate.root, source).expect("a file of our own");
        let all = Self::run(verb, krate, &target);
        // A second run has no work left, and so measures cargo alone.
        (all - Self::run(verb, krate, &target)).max(0.0)
    }

    /// Builds the crate with all its dependencies, and returns the processor time in seconds.
    pub(crate) fn cold(&self, krate: &Crate) -> f64 {
        let target = self.folder.join(format!("target-{}", krate.name));
        let seconds = Self::run("build", krate, &target);
        fs::remove_dir_all(&target).expect("a folder of our own");
        seconds
    }

    fn run(verb: &str, krate: &Crate, target: &Path) -> f64 {
        let before = children();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([verb, "--quiet", "--jobs", "2"])
            .current_dir(&krate.folder)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "0")
            .stdin(Stdio::null())
            .output()
            .expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "cargo {verb} of {}: {said}", krate.name);
        children() - before
    }
}

/// Returns the processor time in seconds of all ended children and their descendants.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The program name is in parentheses, and may contain spaces.
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    let ticks = fields.split(' ').skip(13).take(2);
    let ticks: f64 = ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum();
    ticks / 100.0
}
