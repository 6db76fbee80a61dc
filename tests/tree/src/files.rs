//! Text files, by their path.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The text of each file, by its path with `/` between the names.
pub type Files = BTreeMap<String, String>;

/// The folder of the whole project.
///
/// # Panics
///
/// If this package has been moved out of it.
pub fn project() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("the package is `tests/tree` of the project").to_owned()
}

/// Reads the files below `folder` that people write: Rust, Markdown and scripts.
///
/// # Panics
///
/// If a folder or a file cannot be read.
pub fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display()));
        for entry in entries {
            let path = entry.expect("a folder can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let is_generated = name == "target" || name == ".git";
                folders.extend((!is_generated).then_some(path));
            } else if let Some(text) = text_of(&path) {
                let below = path.strip_prefix(folder).expect("it is below the folder");
                files.insert(below.display().to_string(), text);
            }
        }
    }
    files
}

/// The text of `path` if it is a file to check. A script has no extension and starts with `#!`.
fn text_of(path: &Path) -> Option<String> {
    match path.extension().map(|extension| extension.to_string_lossy()) {
        Some(extension) if matches!(&*extension, "rs" | "md" | "sh") => {
            Some(fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        }
        Some(_) => None,
        None => fs::read_to_string(path).ok().filter(|text| text.starts_with("#!")),
    }
}
