//! The servers, started as a user starts them: by `examples/servers`. A missing one fails the test, in the script's
//! words.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use super::service::{executable, soon};

/// They run until this is dropped, or the test is gone, whatever it died of.
pub(crate) struct Servers {
    urls: HashMap<String, String>,
    script: Child,
    /// Its end is the script's.
    stdin: Option<ChildStdin>,
}

impl Servers {
    /// Starts these, and waits until they answer.
    pub(crate) fn start(names: &[&str]) -> Servers {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/servers");
        let mut script = Command::new(path)
            .arg("--until-eof")
            .args(names)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash runs it");
        let lines = BufReader::new(script.stdout.take().expect("a pipe")).lines();
        let stdin = script.stdin.take();
        let urls: HashMap<_, _> = lines
            .map_while(Result::ok)
            .take(names.len())
            .filter_map(|line| {
                let (name, url) = line.strip_prefix("export ")?.split_once('=')?;
                Some((name.to_owned(), url.to_owned()))
            })
            .collect();
        assert_eq!(urls.len(), names.len(), "`examples/servers` says above what is missing");
        Servers { urls, script, stdin }
    }

    #[track_caller]
    pub(crate) fn url(&self, variable: &str) -> &str {
        self.urls.get(variable).expect("it was asked for")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stdin = None;
        // It has ended when the servers have.
        let _ = self.script.wait();
    }
}

/// Waits until it is so. Asked of a server, that is no busy loop.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    soon(what, async move {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
}

/// What an example says that cannot start.
pub(crate) async fn refusal(example: &str, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let mut command = tokio::process::Command::new(executable(example));
    let variables = ["POSTGRES_URL", "RABBITMQ_URL", "REDIS_URL", "NATS_URL"];
    for variable in variables {
        command.env_remove(variable);
    }
    command.args(arguments).envs(settings.iter().copied());
    let output = soon("its end", command.output()).await.expect("it is executable");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    stderr
}
