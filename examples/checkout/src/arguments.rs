//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;

/// A shop that loses no order when it is stopped
#[derive(Debug, Parser)]
#[lifecycle::resource(provided, no_teardown = "memory only")]
pub struct Arguments {
    /// Folder of the database and the journal
    #[arg(default_value = "checkout-data")]
    pub folder: PathBuf,

    /// Address to listen on; 0.0.0.0 is every address of a container
    #[arg(long, default_value = "127.0.0.1")]
    pub address: IpAddr,

    /// Port to listen on; 0 is any free port
    #[arg(long, default_value_t = 0)]
    pub port: u16,

    /// Hand the orders on to RabbitMQ at `RABBITMQ_URL`, where `worker` takes them
    #[arg(long)]
    pub hand_on: bool,

    /// Stop the service under load and audit what it kept
    #[arg(long, conflicts_with_all = ["folder", "address", "port", "hand_on"])]
    pub demo: bool,

    /// Number that decides when the demo sends the signal [default: the process id]
    #[arg(long, requires = "demo")]
    pub seed: Option<u64>,

    /// Send SIGKILL instead of SIGTERM in the demo
    #[arg(long, requires = "demo")]
    pub kill: bool,
}

impl Arguments {
    pub(crate) fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}
