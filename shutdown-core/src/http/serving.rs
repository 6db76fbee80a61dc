//! A server at work: from its listener to its last connection.

use std::error::Error as StdError;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, OptionFuture, select};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::drive::Drive;
use super::handshake::{Handshake, enter};
use super::notices::Notices;
use super::request::ConnectionService;
use super::server::Server;
use super::site::Site;
use super::stream::Stream;
use crate::edge::Edge;
use crate::net::{Door, Entry, Listener, socket, words_for};

impl<L, H> Server<L, H> {
    /// Serves HTTP. `make` gives the service of a connection, or `None` if that fails.
    pub(super) async fn serve_each<M, F, S, B>(self, make: M) -> io::Result<()>
    where
        L: Listener,
        H: Handshake<L::Io>,
        M: Fn(&Arc<Connection>) -> F,
        F: Future<Output = Option<S>> + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let edge = Edge::expect("http::serve");
        let Some(registered) = edge.register(words_for("http", &self.listener)) else { return Ok(()) };
        let in_flight = registered.in_flight();
        let notices = match self.until {
            Some(_) => Notices::own(&edge, in_flight),
            None => Notices::of(&edge),
        };
        let places = self.settings.places.clone();
        let early_end = self.settings.lame_duck_early_end;
        let site =
            Site::new(edge.clone(), Arc::clone(in_flight), notices.clone(), self.settings, H::IS_PLAIN);
        let site = Arc::new(site);
        let handshake = Arc::new(self.handshake);
        let door = Door { listener: self.listener, edge: &edge, drain: &notices.draining, in_flight, places };
        let served = door.run(|io, peer, entry| {
            let connection = Arc::new(Connection::new(Arc::clone(&site), peer, socket(&io)));
            let entered = enter(Arc::clone(&connection), Arc::clone(&handshake), io, make(&connection));
            edge.spawn(converse(entered, connection, entry));
        });
        // On the heap, because this future is moved into several others.
        let served = Box::pin(async {
            let served = if early_end { site.watch_while(served).await } else { served.await };
            registered.finish().await;
            served
        });
        match self.until {
            None => served.await,
            Some(until) => {
                let until = until.into_inner().expect("nothing locks the mutex");
                end_at(until, &notices, served).await
            }
        }
    }
}

/// Ends the server when `until` completes, while `served` goes on.
async fn end_at<T>(until: BoxFuture<'static, ()>, notices: &Notices, served: impl Future<Output = T>) -> T {
    match select(until, pin!(served)).await {
        Either::Left(((), served)) => {
            notices.end();
            served.await
        }
        Either::Right((served, _)) => served,
    }
}

/// Serves one connection, from its socket to its end.
///
/// Not an `async fn`: its future would have room for the handshake as well as for HTTP, on every idle connection.
fn converse<I, S, B>(
    entered: impl Future<Output = Option<(I, S)>> + Send,
    connection: Arc<Connection>,
    entry: Entry,
) -> impl Future<Output: Send> + Send
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    entered.then(move |entered| {
        OptionFuture::from(entered.map(move |(io, service)| {
            let io = TokioIo::new(Stream::new(io, Arc::clone(&connection), entry));
            let service = ConnectionService::new(service, Arc::clone(&connection));
            let served = connection.site.settings.protocol.serve(io, service);
            Drive::new(served, connection)
        }))
    })
}
