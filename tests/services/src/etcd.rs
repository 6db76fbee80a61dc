//! etcd.

use etcd_client::{Client, GetOptions};

use crate::server::{Place, Server, shared};
use crate::{ask, installed};

/// An etcd server for the tests.
#[derive(Debug)]
pub struct Etcd(Server);

impl Etcd {
    /// Starts a server.
    #[must_use]
    pub fn start() -> Etcd {
        // The port of its peers is not used by anybody else, because it has no peers.
        let (peers, place) = (Place::new("etcd-peers"), Place::new("etcd"));
        let (clients, peers) =
            (format!("http://127.0.0.1:{}", place.port), format!("http://127.0.0.1:{}", peers.port));
        let mut command = place.command(installed("etcd", "etcd-server"));
        command.args(["--name", "test"]).arg("--data-dir").arg(place.folder.join("data"));
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.args(["--initial-cluster", &format!("test={peers}")]);
        let answers = || {
            let asked = async { Client::connect([&clients], None).await?.status().await };
            ask(asked).is_ok()
        };
        Etcd(place.start(command, answers))
    }

    /// Returns the address of the server.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Connects a client.
    pub async fn client(&self) -> Client {
        Client::connect([self.address()], None).await.expect("etcd answers")
    }

    /// Lists the keys that begin with `prefix`.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        ask(async {
            let options = GetOptions::new().with_prefix().with_keys_only();
            let answer = self.client().await.get(prefix, Some(options)).await.expect("etcd answers");
            answer.kvs().iter().map(|kv| kv.key_str().expect("a text").to_owned()).collect()
        })
    }
}

shared!(Etcd, 0);
