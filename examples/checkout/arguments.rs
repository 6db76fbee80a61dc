//! The command line.

use std::path::PathBuf;

const USAGE: &str = "\
usage: checkout [FOLDER] [--port N] [--hand-on]
           serve; FOLDER is ./checkout-data, N any free port
           --hand-on: orders go to RabbitMQ, where RABBITMQ_URL says, for `worker` to settle
       checkout --demo [--seed N] [--kill]
           stop it under load and audit what it kept; --kill: by SIGKILL";

/// What the service is told.
pub(crate) struct Serve {
    pub(crate) folder: PathBuf,
    /// 0 is any free port.
    pub(crate) port: u16,
    /// Hand the orders on instead of settling them.
    pub(crate) hand_on: bool,
}

/// What the demo is told.
pub(crate) struct Demo {
    /// Decides when the signal is sent.
    pub(crate) seed: u64,
    /// Send SIGKILL.
    pub(crate) kill: bool,
}

pub(crate) fn asks_for_demo() -> bool {
    std::env::args_os().any(|argument| argument == "--demo")
}

impl Serve {
    pub(crate) fn read() -> anyhow::Result<Serve> {
        let (mut folder, mut port, mut hand_on) = (None, 0, false);
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--port") => port = number(arguments.next())?,
                Some("--hand-on") => hand_on = true,
                Some(option) if option.starts_with('-') => {
                    anyhow::bail!("unknown option `{option}`\n{USAGE}")
                }
                _ if folder.is_none() => folder = Some(PathBuf::from(argument)),
                _ => anyhow::bail!("one folder is enough\n{USAGE}"),
            }
        }
        Ok(Serve { folder: folder.unwrap_or_else(|| PathBuf::from("checkout-data")), port, hand_on })
    }
}

impl Demo {
    pub(crate) fn read() -> anyhow::Result<Demo> {
        let mut demo = Demo { seed: u64::from(std::process::id()), kill: false };
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--demo") => {}
                Some("--kill") => demo.kill = true,
                Some("--seed") => demo.seed = number(arguments.next())?,
                _ => anyhow::bail!("unknown argument `{}`\n{USAGE}", argument.display()),
            }
        }
        Ok(demo)
    }
}

fn number<N: std::str::FromStr>(value: Option<std::ffi::OsString>) -> anyhow::Result<N> {
    let value = value.unwrap_or_default();
    let parsed = value.to_str().and_then(|value| value.parse().ok());
    parsed.ok_or_else(|| anyhow::anyhow!("a number is expected, not `{}`\n{USAGE}", value.display()))
}
