//! The servers of the examples, started by the script `examples/servers`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Running servers. They end when this value is dropped, or when the test process dies.
#[derive(Debug)]
pub struct Servers {
    urls: HashMap<String, String>,
    script: Child,
    /// The script ends when this pipe is closed.
    stdin: Option<ChildStdin>,
}

impl Servers {
    /// Starts servers, for example `redis`, and waits until they answer.
    ///
    /// # Panics
    ///
    /// A server does not start. The script says on stderr how to install it.
    #[track_caller]
    pub fn start(names: &[&str]) -> Servers {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../servers"));
        command.arg("--until-eof").args(names).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = command.spawn().expect("`examples/servers` is executable");
        let lines = BufReader::new(script.stdout.take().expect("stdout is a pipe")).lines();
        let stdin = script.stdin.take();
        let urls: HashMap<_, _> = lines
            .map_while(Result::ok)
            .take(names.len())
            .filter_map(|line| {
                let (name, url) = line.strip_prefix("export ")?.split_once('=')?;
                Some((name.to_owned(), url.to_owned()))
            })
            .collect();
        let servers = Servers { urls, script, stdin };
        assert_eq!(servers.urls.len(), names.len(), "`examples/servers` failed, see its message above");
        servers
    }

    /// Returns the value of a variable, for example `REDIS_URL`.
    ///
    /// # Panics
    ///
    /// That server was not started.
    #[track_caller]
    pub fn url(&self, variable: &str) -> &str {
        self.urls.get(variable).expect("the test has started this server")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stdin = None;
        // The script ends after its servers.
        let _ = self.script.wait();
    }
}
