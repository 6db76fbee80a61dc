//! The folders in which Debian's packages install their programs.

use std::path::{Path, PathBuf};

/// The folders to search. The package's own folder is first, because the `rabbitmq-server` in `/usr/sbin` requires a
/// certain user.
const FOLDERS: &[&str] = &["/usr/lib/rabbitmq/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// Returns the path of the program.
///
/// # Panics
///
/// If it is missing. The message is the command that installs it.
#[track_caller]
pub fn find(name: &str, package: &str) -> PathBuf {
    let own = FOLDERS.iter().map(PathBuf::from);
    let found = own.chain(postgres_folders()).map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("`{name}` is missing; run: apt-get install -y --no-install-recommends {package}")
    })
}

/// Returns the folders of the versions of `PostgreSQL`, the newest first.
fn postgres_folders() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    found.into_iter().rev()
}

/// Checks that `/dev/null` is a device. A regular file in its place fills the disk and breaks other programs.
pub(crate) fn check_dev_null() {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = Path::new("/dev/null").metadata().expect("there is /dev/null").file_type();
    assert!(kind.is_char_device(), "/dev/null is not a character device");
}
