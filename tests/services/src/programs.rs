//! Where Debian's packages have put their programs.

use std::path::{Path, PathBuf};

/// The `rabbitmq-server` in `/usr/sbin` wants to be a certain user, so the package's own folder goes first.
const FOLDERS: &[&str] = &["/usr/lib/rabbitmq/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// The program of this name.
///
/// # Panics
///
/// If it is missing; the message is what installs it.
#[track_caller]
pub(crate) fn find(name: &str, package: &str) -> PathBuf {
    let own = FOLDERS.iter().map(PathBuf::from);
    let found = own.chain(postgres_folders()).map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("`{name}` is missing; run: apt-get install -y --no-install-recommends {package}")
    })
}

/// `/usr/lib/postgresql/15/bin`, the newest first.
fn postgres_folders() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    found.into_iter().rev()
}

/// `/dev/null` that is no device any more would fill the disk, and break more than these tests.
pub(crate) fn check_dev_null() {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = Path::new("/dev/null").metadata().expect("there is /dev/null").file_type();
    assert!(kind.is_char_device(), "/dev/null is no character device");
}
