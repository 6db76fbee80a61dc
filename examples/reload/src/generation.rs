//! A generation: the server and the pool of one configuration.

use std::io;
use std::time::Duration;

use lifecycle::Managed;
use lifecycle::http::{Server, probes};
use lifecycle::net::{self, SocketListener, WeakListener};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::routes::routes;
use crate::settings::Settings;

/// How long an idle connection stays open when its server ends. A reload has no lame duck, in which clients would learn to
/// connect anew. A client that sends a request within this time learns that from the response.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) struct Generation {
    /// The address in the settings. It may name port 0.
    address: String,
    /// The way back to the socket, for the next generation.
    socket: WeakListener,
    database: Managed<Database>,
    serving: JoinHandle<()>,
    /// The server ends when this is dropped.
    end: oneshot::Sender<()>,
}

impl Generation {
    /// Starts a server with these settings. The old one, if there is one, goes on serving.
    pub(crate) async fn start(settings: Settings, old: Option<&Generation>) -> anyhow::Result<Generation> {
        let database = lifecycle::manage(Database::open(&settings).await?);
        let (listener, socket) = match listen(&settings.listen, old).await {
            Ok(bound) => bound,
            Err(error) => {
                // Nobody has used the pool, so its release cannot lose anything.
                let _ = database.release().await;
                return Err(error.into());
            }
        };
        println!("listening on http://{listener}");
        let (end, ended) = oneshot::channel::<()>();
        let server = Server::new(listener).drain_idle_timeout(IDLE_TIMEOUT);
        let server = server.until(async move { drop(ended.await) });
        let service = probes().or(routes(&settings.name, database.clone()));
        let serving = lifecycle::spawn(async move {
            if let Err(error) = server.serve(service).await {
                lifecycle::fail(error); // the listener is broken
            }
        });
        Ok(Generation { address: settings.listen, socket, database, serving, end })
    }

    /// Ends the server, and releases the pool after the last request that uses it.
    pub(crate) async fn retire(self) {
        drop(self.end);
        // The task returns nothing: it has told its error already.
        let _ = self.serving.await;
        if let Err(error) = self.database.release().await {
            eprintln!("reload: the old pool: {error}");
        }
    }

    /// Waits until the stop has ended the server.
    pub(crate) async fn served(self) {
        // `end` lives until then, so that the server works through the lame duck.
        let _ = self.serving.await;
    }
}

/// Listens at the address. If the old generation does, both accept from one queue, so that no client waits.
async fn listen(address: &str, old: Option<&Generation>) -> io::Result<(SocketListener, WeakListener)> {
    let listener = match old {
        Some(old) if old.address == address => old.socket.upgrade()?,
        _ => net::listen(address).await?,
    };
    let socket = listener.downgrade()?;
    Ok((listener, socket))
}
