//! The programs of other people that the tests start.

use std::path::PathBuf;

/// Returns the path of `program`, which is in Debian's `package`.
///
/// A user's `PATH` may lack the folders of servers. `RabbitMQ` has its own folder, because the script in `/usr/sbin`
/// requires a certain user. `PostgreSQL` has one for each version, of which the newest is taken.
#[track_caller]
pub fn installed(program: &str, package: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.push("/usr/lib/rabbitmq/bin".into());
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.extend(["/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"].map(PathBuf::from));
    let found = folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("this test needs `{program}`: apt-get install -y --no-install-recommends {package}")
    })
}
