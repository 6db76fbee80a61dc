//! The compiler itself under callgrind: the expansion and the check of 100 annotated structs.

#[expect(dead_code, reason = "the bench `compile_time` also compiles other shapes")]
#[path = "../../../benches/src/compile_time/crates.rs"]
mod crates;

use std::path::{Path, PathBuf};
use std::process::Command;

use crates::{Shape, Style};
use lifecycle_instruction_tests::figures::Figure;

use crate::callgrind::{count, under};
use crate::folder;

/// Returns what the check of one crate costs. The start of the compiler is included, and is 5 % of it.
pub(crate) fn figure() -> Figure {
    let built = built();
    let [lifecycle, tokio] = ["lifecycle", "tokio"].map(|name| library(&built, name));
    let libraries = lifecycle.parent().expect("a file is in a folder");
    let out = libraries.with_file_name("structs");
    let source = out.join("structs.rs");
    std::fs::create_dir_all(&out).expect("the target folder is ours");
    // The shape has one struct more, which the others depend on.
    std::fs::write(&source, Shape::wide(99).source(Style::Annotated)).expect("the target folder is ours");

    let mut command = under(compiler());
    command
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--out-dir"])
        .arg(&out)
        .arg(&source);
    command.arg(format!("-Ldependency={}", libraries.display()));
    for (name, library) in [("lifecycle", &lifecycle), ("tokio", &tokio)] {
        command.arg("--extern").arg(format!("{name}={}", library.display()));
    }
    let (instructions, _) = count(&mut command);
    // The compiler has an allocator of its own.
    Figure { case: "the check of 100 structs".to_owned(), instructions, floor: 0.0, allocations: 0.0 }
}

/// Returns the path of the compiler. A `rustc` of rustup is another program, which starts the compiler.
fn compiler() -> PathBuf {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]));
    Path::new(sysroot.trim()).join("bin/rustc")
}

/// Returns what cargo has built for this program: a line of JSON for each library.
fn built() -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    output(Command::new(cargo).args(["build", "--release", "--locked", "--quiet", "--message-format=json"]))
}

/// Returns the file of a library. It is a dependency of this program, so that cargo has built it once.
fn library(built: &str, name: &str) -> PathBuf {
    let name = format!("\"name\":\"{name}\"");
    let is_it = |line: &&str| line.contains(&name) && line.contains("\"kind\":[\"lib\"]");
    let line = built.lines().find(is_it).unwrap_or_else(|| panic!("cargo has not built {name}\n{built}"));
    let file = line.split('"').find(|text| text.ends_with(".rlib"));
    file.unwrap_or_else(|| panic!("{name} is not a library\n{line}")).into()
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(folder()).output().expect("the toolchain runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it writes text")
}
