//! The demo: stops the service under load with a real signal, audits what it kept, and starts it again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::audit::Audit;
use crate::customer::{self, Tally};

/// The number of customers. Half of them keep their connection, the others open one for each order.
const CUSTOMERS: usize = 24;

pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether nothing was lost.
#[tokio::main(flavor = "current_thread")]
async fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(std::process::id()));
    let signal = if arguments.kill { "KILL" } else { "TERM" };
    let after = Duration::from_micros(500_000 + scatter(seed) % 1_500_000);
    let folder = Folder::new()?;

    let mut service = Service::start(&folder.0).await?;
    println!(
        "seed {seed}: {CUSTOMERS} customers order at http://{}, SIG{signal} after {after:.1?}\n",
        service.address
    );
    let mut customers = JoinSet::new();
    for number in 0..CUSTOMERS {
        let name = format!("customer{number}");
        customers.spawn(customer::place_orders(service.address, name, number % 2 == 0));
    }
    tokio::time::sleep(after).await;
    let status = service.stop(signal).await?;
    let mut tally = Tally::default();
    while let Some(customer) = customers.join_next().await {
        tally.add(customer?);
    }
    let audit = Audit::of(&folder.0, &tally, status)?;
    println!("\naudit after SIG{signal}\n{audit}");
    let clean = audit.is_clean();

    let mut service = Service::start(&folder.0).await?;
    for order in &audit.left {
        customer::wait_until_settled(service.address, order).await?;
    }
    let status = service.stop("TERM").await?;
    let audit = Audit::of(&folder.0, &tally, status)?;
    println!("\naudit after a restart\n{audit}");

    let clean = clean && audit.is_clean() && audit.left.is_empty();
    println!("{}", if clean { "nothing was lost: no order, and no request" } else { "something was lost" });
    Ok(clean)
}

/// The service as a process of its own. It runs this same executable.
struct Service {
    process: Child,
    address: SocketAddr,
    /// Kept open, because the service writes to it.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Service {
    async fn start(folder: &Path) -> anyhow::Result<Service> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().context("the service has no stdout")?;
        let mut stdout = BufReader::new(stdout).lines();
        let line = stdout.next_line().await?.context("the service did not start")?;
        let address = line.rsplit('/').next().unwrap_or_default();
        Ok(Service {
            process,
            address: address.parse().with_context(|| format!("`{line}` does not end with an address"))?,
            _stdout: stdout,
        })
    }

    async fn stop(&mut self, signal: &str) -> anyhow::Result<ExitStatus> {
        let id = self.process.id().context("the service has ended already")?;
        // `kill` is a part of the shell. A small container image may have no program of that name.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -s {signal} {id}")).status().await?;
        ensure!(sent.success(), "cannot send SIG{signal} to the service");
        Ok(self.process.wait().await?)
    }
}

/// A temporary folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Folder> {
        let path = std::env::temp_dir().join(format!("checkout-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns a number that looks random, computed from a seed (the output step of `SplitMix64`).
fn scatter(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
