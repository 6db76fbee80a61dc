//! A service that clients find in etcd. One of its processes is the leader, and does the nightly work.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, routing::get};
use etcd_client::{Client, Compare, CompareOp, LeaderKey, PutOptions, ResignOptions, Txn, TxnOp};
use lifecycle::{Managed, Slot, Teardown};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The seconds after which etcd removes the keys of a process that was killed.
const LEASE_SECONDS: i64 = 5;

/// A lease of this process. etcd removes its keys when it is revoked, or when nobody keeps it alive.
#[lifecycle::resource(timeout = "3s")]
struct Lease {
    client: Client,
    id: i64,
    keeper: Slot<JoinHandle<()>>,
}

impl Lease {
    async fn grant(client: Client) -> Result<Lease, etcd_client::Error> {
        let id = client.lease_client().grant(LEASE_SECONDS, None).await?.id();
        let (mut keeper, mut answers) = client.lease_client().keep_alive(id).await?;
        // It is not a tracked task: the lease is kept alive until its teardown, and not only until the drain.
        let keeper = tokio::spawn(async move {
            while keeper.keep_alive().await.is_ok() {
                let Ok(Some(_)) = answers.message().await else { break };
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Ok(Lease { client, id, keeper: Slot::new(keeper) })
    }
}

#[lifecycle::teardown]
impl Teardown for Lease {
    async fn teardown(&self) -> Result<(), etcd_client::Error> {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
        }
        self.client.lease_client().revoke(self.id).await.map(drop)
    }
}

/// The key by which clients find this process. It is gone before the lame duck counts.
#[lifecycle::resource(at_notice = deregister, no_teardown = "the lease removes the key, too")]
struct Registration {
    key: String,
    lease: Managed<Lease>,
}

impl Registration {
    async fn register(lease: Managed<Lease>, address: &str) -> Result<Registration, etcd_client::Error> {
        let key = format!("/shop/instances/{address}");
        let options = PutOptions::new().with_lease(lease.id);
        lease.client.kv_client().put(key.as_str(), address, Some(options)).await?;
        Ok(Registration { key, lease })
    }

    async fn deregister(&self) -> Result<(), etcd_client::Error> {
        self.lease.client.kv_client().delete(self.key.as_str(), None).await.map(drop)
    }
}

/// The leadership. It is given up before the lease, which it holds.
#[lifecycle::resource(timeout = "3s")]
struct Leadership {
    key: LeaderKey,
    lease: Managed<Lease>,
}

impl Leadership {
    /// Waits until no other process is the leader.
    async fn campaign(lease: Managed<Lease>) -> Result<Leadership, Box<dyn Error + Send + Sync>> {
        let campaign = lease.client.election_client().campaign("/shop/leader", "", lease.id).await?;
        let key = campaign.leader().cloned().ok_or("etcd has answered without a key")?;
        Ok(Leadership { key, lease })
    }

    /// Writes a value, if this process is still the leader.
    async fn write(&self, key: &str, value: String) -> Result<(), Box<dyn Error + Send + Sync>> {
        let leads = Compare::create_revision(self.key.key(), CompareOp::Equal, self.key.rev());
        let write = Txn::new().when([leads]).and_then([TxnOp::put(key, value, None)]);
        let answer = self.lease.client.kv_client().txn(write).await?;
        if answer.succeeded() { Ok(()) } else { Err("another process is the leader".into()) }
    }
}

#[lifecycle::teardown]
impl Teardown for Leadership {
    async fn teardown(&self) -> Result<(), etcd_client::Error> {
        let options = ResignOptions::new().with_leader(self.key.clone());
        self.lease.client.election_client().resign(Some(options)).await.map(drop)
    }
}

/// The work that only the leader does. It ends before the leadership, which it holds.
#[lifecycle::resource(timeout = "10s")]
struct Nightly {
    end: Arc<Notify>,
    work: Slot<JoinHandle<Result<(), Box<dyn Error + Send + Sync>>>>,
    #[expect(dead_code, reason = "the field is the dependency")]
    leadership: Managed<Leadership>,
}

impl Nightly {
    fn begin(leadership: Managed<Leadership>) -> Nightly {
        let (end, leader) = (Arc::new(Notify::new()), leadership.clone());
        let ended = Arc::clone(&end);
        let work = tokio::spawn(async move {
            let mut step = 0;
            loop {
                step += 1;
                leader.write("/shop/nightly/step", step.to_string()).await?;
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(200)) => {}
                    () = ended.notified() => break,
                }
            }
            leader.write("/shop/nightly/ended", step.to_string()).await
        });
        Nightly { end, work: Slot::new(work), leadership }
    }
}

#[lifecycle::teardown]
impl Teardown for Nightly {
    async fn teardown(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.end.notify_one();
        match self.work.take() {
            Some(work) => work.await?,
            None => Ok(()),
        }
    }
}

async fn lead(lease: Managed<Lease>) -> Result<(), Box<dyn Error + Send + Sync>> {
    tokio::select! {
        leadership = Leadership::campaign(lease) => {
            lifecycle::manage(Nightly::begin(lifecycle::manage(leadership?)));
        }
        // A process that waits for the leadership stops at the notice. Its place in the queue goes with the lease.
        () = lifecycle::stopping() => {}
    }
    Ok(())
}

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let etcd = std::env::var("ETCD").unwrap_or_else(|_| "127.0.0.1:2379".to_owned());
    let client = Client::connect([etcd], None).await?;
    let listener = lifecycle::net::listen("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let lease = lifecycle::manage(Lease::grant(client).await?);
    // The listener has a queue already, so that no client is refused that finds the key at once.
    lifecycle::manage(Registration::register(lease.clone(), &address).await?);
    lifecycle::spawn(async {
        if let Err(error) = lead(lease).await {
            lifecycle::fail(error);
        }
    });
    println!("listening on {address}");
    let routes = Router::new().route("/", get(async || "hello\n"));
    lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await?;
    Ok(())
}
