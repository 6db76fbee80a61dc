//! The programs of other people that the tests start.

use std::env;

/// Returns the path of `program`, which is in Debian's `package`.
///
/// # Panics
///
/// Panics with the command that installs the program.
#[track_caller]
pub fn installed(program: &str, package: &str) -> String {
    // A user's PATH may lack the folders of servers.
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/local/sbin".into(), "/usr/sbin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    let Some(found) = found else {
        panic!("this test needs `{program}`: apt-get install -y --no-install-recommends {package}")
    };
    found.display().to_string()
}
