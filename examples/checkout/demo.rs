//! Stops the service under load, by a real signal, and lets the auditor say what it kept; then starts it again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinSet;

use crate::arguments::Demo;
use crate::audit::Audit;
use crate::client::{self, Tally};

/// Half of them keep their connection, the others take a new one for each order.
const CUSTOMERS: usize = 24;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was lost.
async fn run() -> anyhow::Result<bool> {
    let Demo { seed, kill } = Demo::read()?;
    let folder = Folder::new()?;
    let (signal, name) = if kill { (Signal::KILL, "SIGKILL") } else { (Signal::TERM, "SIGTERM") };
    let after = Duration::from_micros(500_000 + scatter(seed) % 1_500_000);

    let mut service = Service::start(&folder.0).await?;
    println!(
        "seed {seed}: {CUSTOMERS} customers shop at http://{}, {name} after {after:.1?}\n",
        service.address
    );
    let mut customers = JoinSet::new();
    for customer in 0..CUSTOMERS {
        let name = format!("customer{customer}");
        customers.spawn(client::shop_till_closed(service.address, name, customer % 2 == 0));
    }
    tokio::time::sleep(after).await;
    let status = service.stop(signal).await?;
    let mut tally = Tally::default();
    while let Some(customer) = customers.join_next().await {
        tally.add(customer?);
    }
    let audit = Audit::of(&folder.0, &tally, status).await?;
    println!("\naudit after {name}\n{audit}");
    let clean = audit.is_clean();

    let mut service = Service::start(&folder.0).await?;
    for order in &audit.left {
        client::await_settled(service.address, order).await?;
    }
    let status = service.stop(Signal::TERM).await?;
    let audit = Audit::of(&folder.0, &tally, status).await?;
    println!("\naudit after a restart\n{audit}");

    let clean = clean && audit.is_clean() && audit.left.is_empty();
    println!("{}", if clean { "nothing was lost: no order, and no request" } else { "something was lost" });
    Ok(clean)
}

/// The service as a process of its own: this same executable.
struct Service {
    process: Child,
    address: SocketAddr,
    /// Kept open, as a terminal would.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Service {
    async fn start(folder: &Path) -> anyhow::Result<Service> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().context("stdout is a pipe")?;
        let mut stdout = BufReader::new(stdout).lines();
        let line = stdout.next_line().await?.context("the service did not start")?;
        let address = line.rsplit('/').next().unwrap_or_default();
        Ok(Service {
            process,
            address: address.parse().with_context(|| format!("no address in `{line}`"))?,
            _stdout: stdout,
        })
    }

    async fn stop(&mut self, signal: Signal) -> anyhow::Result<std::process::ExitStatus> {
        let id = self.process.id().context("the service ended by itself")?;
        let pid = Pid::from_raw(i32::try_from(id)?).context("a process has an id")?;
        kill_process(pid, signal)?;
        Ok(self.process.wait().await?)
    }
}

/// A folder of our own, gone afterwards.
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
        // What cannot be removed stays in the temporary folder, where it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One number from a seed, as random as a demo needs it: the output step of `SplitMix64`.
fn scatter(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
