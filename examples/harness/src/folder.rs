//! A temporary folder of a test.

use std::path::{Path, PathBuf};

/// A temporary folder that is removed when it is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Chooses a path that no other process uses. The service creates the folder.
    pub fn new(name: &str) -> Folder {
        Folder(std::env::temp_dir().join(format!("lifecycle-{name}-{}", std::process::id())))
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path as text, for a command line.
    ///
    /// # Panics
    ///
    /// The path of the system's temporary folder is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        self.0.to_str().expect("the temporary folder has a UTF-8 path")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
