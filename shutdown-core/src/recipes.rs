//! Complete programs for common kinds of service, each short enough to copy.
//!
//! - [A service](#a-service)
//! - [Behind a load balancer](#behind-a-load-balancer)
//! - [Streams without an end](#streams-without-an-end)
//! - [A restart that refuses no client](#a-restart-that-refuses-no-client)
//! - [A reload that replaces a listener](#a-reload-that-replaces-a-listener)
//! - [A server of another crate](#a-server-of-another-crate)
//! - [A library with runtimes of its own](#a-library-with-runtimes-of-its-own)
//! - [A lease and a leadership in etcd](etcd)
//! - [A queue worker](#a-queue-worker)
//! - [A pipeline](#a-pipeline)
//! - [Transactions at the stop](#transactions-at-the-stop)
//! - [A batch job](#a-batch-job)
//! - [A library for several binaries](#a-library-for-several-binaries)
//! - [Unit tests](#unit-tests)
//!
//! # A service
//!
//! This axum service also answers health checks. It needs the feature `http`. `http::probes` adds `/livez`, `/readyz` and
//! `/startupz` to the routes. `serve` returns after the last connection has closed, and `main` returns with it.
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! use axum::{Router, routing::get};
//!
//! #[lifecycle::main(grace = "25s", lame_duck = "5s")]
//! async fn main() -> std::io::Result<()> {
//!     let routes = Router::new().route("/", get(async || "hello\n"));
//!     let listener = lifecycle::net::listen("0.0.0.0:8080").await?;
//!     lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await
//! }
//! ```
//!
//! `lame_duck` gives a load balancer time to notice the stop. The least value is a sum:
//!
//! ```text
//! interval of the health check x failures until "unhealthy" + time until every node knows
//! ```
//!
//! `Server::lame_duck_early_end` ends the lame duck one second after a failed check, if no other client sends requests.
//!
//! A tonic service is served in the same way, as `tonic::service::Routes`, without tonic's own server. It needs the
//! feature `http2`, and the example `grpc` shows it. Another protocol is served by `net::serve`, which runs a handler for
//! each connection: `lifecycle::net` has the loop, and [`coming_from`](crate::coming_from#an-accept-loop) the way to it.
//!
//! # Behind a load balancer
//!
//! A load balancer learns of a stop by its health check, or from a response. The lame duck has to be longer than the time
//! until the last request of the load balancer:
//!
//! | load balancer | configuration | last request after the beginning of the stop, at most |
//! |---|---|---|
//! | HAProxy | `option httpchk GET /readyz`, `check inter 2s fall 3` | 3 checks: 2 s x 3 = 6 s |
//! | HAProxy | the same with `http-check disable-on-404`, and [`stopping_status(404)`] | 1 check: 2 s |
//! | Envoy | `health_checks` with `interval: 2s` | 1 response, by the header `x-envoy-immediate-health-check-fail` |
//!
//! HAProxy does not know the header. A script of three lines does for HAProxy what Envoy does by itself:
//!
//! ```text
//! -- leave.lua, and in haproxy.cfg: `lua-load leave.lua`, and in the backend `shop`:
//! -- http-response lua.leave if { res.hdr(x-envoy-immediate-health-check-fail) -m found }
//! core.register_action("leave", { "http-res" }, function(txn)
//!     core.backends["shop"].servers[txn.f:srv_name()]:check_force_down()
//! end)
//! ```
//!
//! This service is for HAProxy. Operators drain its readiness on a port that only they reach, for a repair without a stop:
//! `curl -X PUT http://127.0.0.1:9090/drain`, and `curl -X DELETE` afterwards. The program does the same by
//! `lifecycle::http::readiness().drain()`.
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! use axum::{Router, routing::get};
//! use lifecycle::http::probes;
//!
//! #[lifecycle::main(grace = "25s", lame_duck = "3s")]
//! async fn main() -> std::io::Result<()> {
//!     let operators = lifecycle::net::listen("127.0.0.1:9090").await?;
//!     lifecycle::spawn_essential("operators", probes().stopping_status(404).admin("/drain").serve(operators));
//!
//!     let routes = Router::new().route("/", get(async || "hello\n"));
//!     let listener = lifecycle::net::listen("0.0.0.0:8080").await?;
//!     lifecycle::http::serve(listener, probes().stopping_status(404).or(routes)).await
//! }
//! ```
//!
#![cfg_attr(feature = "http", doc = "[`stopping_status(404)`]: crate::http::Probes::stopping_status")]
#![cfg_attr(not(feature = "http"), doc = "[`stopping_status(404)`]: crate::recipes")]
//!
//! A service with a single endpoint has no instance to which a load balancer could turn. A failed check would then be an
//! outage for the length of the lame duck, so its probes are `probes().ready_in_lame_duck()`.
//!
//! # Streams without an end
//!
//! A WebSocket, server-sent events and a gRPC subscription are in flight until they end. A stream that never ends is cut
//! off at the end of the drain. Its client sees a broken connection, and the exit status is 70. Such a stream therefore
//! waits for a notice and ends itself. A `select!` with `biased;` and `draining()` as its last branch sends everything that
//! has arrived before it ends.
//!
//! | kind | waits for | because |
//! |---|---|---|
//! | long poll | [`stopping`](crate::stopping) | the response carries `Connection: close`, and the client opens a new connection |
//! | stream | [`draining`](crate::draining) | listeners are open in the lame duck, so that a client would reconnect to this process |
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! use std::convert::Infallible;
//!
//! use axum::response::sse::{Event, Sse};
//! use axum::{Router, routing::get};
//! use futures_util::stream::{self, Stream, StreamExt as _};
//!
//! async fn news() -> String {
//!     std::future::pending().await // until there is news
//! }
//!
//! // Server-sent events. A browser reconnects a few seconds after the end of the stream.
//! async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
//!     let events = stream::repeat(()).then(async |()| Ok(Event::default().data(news().await)));
//!     Sse::new(events.take_until(lifecycle::draining()))
//! }
//!
//! // A long poll.
//! async fn poll() -> String {
//!     tokio::select! {
//!         biased;
//!         news = news() => news,
//!         () = lifecycle::stopping() => "no news".to_owned(),
//!     }
//! }
//!
//! #[lifecycle::main(lame_duck = "5s")]
//! async fn main() -> std::io::Result<()> {
//!     let routes = Router::new().route("/events", get(events)).route("/poll", get(poll));
//!     lifecycle::http::serve(lifecycle::net::listen("0.0.0.0:8080").await?, routes).await
//! }
//! ```
//!
//! The example `websocket` is a chat that closes with code 1001 and a reason. The example `grpc` ends its streams with
//! `UNAVAILABLE`. The [probes](crate::http::probes()#grpc) end a `Watch` of its health with `NOT_SERVING`.
//!
//! A library may start a task of its own for a socket. The drain does not know that task, and does not wait for it. Move
//! work that must finish after the goodbye into [`spawn`](crate::spawn).
//!
//! # A restart that refuses no client
//!
//! A restart on one machine, without a load balancer, needs a socket that outlives the process. With the feature `systemd`,
//! systemd stores the socket of a plain service: see [`platforms`](crate::platforms#the-listeners-of-a-service). A unit for the
//! socket has two more advantages. systemd listens before the first start, and it starts the service for the first client:
//!
//! ```text
//! # /etc/systemd/system/shop.socket
//! [Socket]
//! ListenStream=0.0.0.0:8080
//! NoDelay=true
//!
//! [Install]
//! WantedBy=sockets.target
//!
//! # /etc/systemd/system/shop.service
//! [Unit]
//! Requires=shop.socket
//!
//! [Service]
//! ExecStart=/usr/local/bin/shop
//! # More than `grace`: systemd sends SIGKILL after this time.
//! TimeoutStopSec=30
//! Restart=on-failure
//! ```
//!
//! The program calls `net::listen("0.0.0.0:8080")`. The call takes over the socket from systemd, or binds the address if
//! systemd hands over no socket.
//!
//! Connections that arrive between two processes wait in the accept queue of the socket. The old process leaves that
//! queue alone when its drain begins. `systemctl restart shop` starts the new process after the old one has ended, so the
//! connections wait as long as the stop takes. Configure no lame duck here, because a lame duck makes the wait longer.
//!
//! `net::listen_as("admin", ..)` takes one of several sockets: the socket whose unit has `FileDescriptorName=admin`.
//!
//! Two processes can also listen on one port, with `SO_REUSEPORT`. Start the new process, wait until it is ready, then
//! stop the old one. Each process has an accept queue of its own, and the old process empties its queue.
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! use tokio::net::TcpSocket;
//!
//! #[lifecycle::main]
//! async fn main() -> std::io::Result<()> {
//!     let socket = TcpSocket::new_v4()?;
//!     socket.set_reuseaddr(true)?;
//!     socket.set_reuseport(true)?;
//!     socket.bind(([0, 0, 0, 0], 8080).into())?;
//!     lifecycle::http::serve(socket.listen(4096)?, lifecycle::http::probes()).await
//! }
//! ```
//!
//! The old process ignores the first packet of a new client while it empties its queue. The client's kernel repeats the
//! packet, after one second on Linux, and the new process accepts the connection.
//!
//! # A reload that replaces a listener
//!
//! Most reloads need no new server. `Server::serve_make_service` gives each new connection the routes of the moment, and
//! `Server::handshake` the certificate of the moment.
//!
//! A new pool, another address or other settings of the server need a new server. It starts first, and then
//! `Server::until` ends the old one alone. The old server closes its idle connections, and finishes its requests. At the
//! same address both servers accept from one queue (`SocketListener::downgrade`). No client is refused, reset or delayed.
//!
#![cfg_attr(all(feature = "http", unix), doc = "```no_run")]
#![cfg_attr(not(all(feature = "http", unix)), doc = "```text")]
//! use std::io;
//!
//! use axum::{Router, routing::get};
//! use lifecycle::http::Server;
//! use lifecycle::net::{SocketListener, WeakListener};
//! use tokio::sync::oneshot;
//!
//! struct Running {
//!     socket: WeakListener,
//!     /// The server ends when this is dropped.
//!     _end: oneshot::Sender<()>,
//! }
//!
//! /// Starts a server with the configuration of the moment.
//! fn start(listener: SocketListener) -> io::Result<Running> {
//!     let socket = listener.downgrade()?;
//!     let (_end, ended) = oneshot::channel::<()>();
//!     let server = Server::new(listener).until(async move { drop(ended.await) });
//!     let routes = Router::new().route("/", get(async || "hello\n")).with_state(());
//!     lifecycle::spawn(async move {
//!         if let Err(error) = server.serve(routes).await {
//!             lifecycle::fail(error);
//!         }
//!     });
//!     Ok(Running { socket, _end })
//! }
//!
//! #[lifecycle::main]
//! async fn main() -> io::Result<()> {
//!     let mut reloads = lifecycle::reloads();
//!     let mut server = start(lifecycle::net::listen("0.0.0.0:8080").await?)?;
//!     while let Some(reload) = reloads.next().await {
//!         match server.socket.upgrade().and_then(start) {
//!             Ok(next) => {
//!                 server = next; // the assignment ends the old server
//!                 reload.accept();
//!             }
//!             Err(error) => reload.refuse(error),
//!         }
//!     }
//!     lifecycle::draining().await; // in the lame duck the server goes on
//!     Ok(())
//! }
//! ```
//!
//! - The example `reload` also replaces a pool. The old pool is released after the requests that use it.
//! - Other socket options need a new socket at the same port (`SO_REUSEPORT`, as above). A client that connects while the
//!   old listener closes may then wait for one second, on Linux. The old listener ignores the first packet of a new client,
//!   and the client's kernel repeats it.
//! - A request in progress takes as long as it takes. An old server with an endless stream stays until the service stops. A
//!   handler of such a stream waits for `ConnectionInfo::draining`.
//! - A client may send a request in the moment in which its idle connection closes. A reload has no lame duck, so a larger
//!   `drain_idle_timeout` helps: a connection that is used more often is told to close by its next response.
//!
//! # A server of another crate
//!
//! actix-web, axum's own server, poem, Rocket, salvo, tonic's own server and warp have programs on a page of their own,
//! [`other_servers`]. The page also lists what each of these servers loses.
//!
//! A server that is not on that page takes a shutdown future. `main` returns when the server returns.
//!
//! - The future is `net::drained` of the listener, or [`draining`](crate::draining) if the server binds its listener
//!   itself. A server then keeps its own losses, such as connections in the accept queue.
//! - The report does not know the server's connections. A cut-off connection appears as `main`.
//! - A health check of your own should answer 503 if [`is_stopping`](crate::is_stopping) returns `true`.
//!
//! # A library with runtimes of its own
//!
//! Some libraries start threads, and build a tokio runtime on each. Every thread of the process is inside the lifecycle of
//! [`#[lifecycle::main]`](macro@crate::main) and [`Process`](crate::Process), also the threads of these runtimes.
//!
//! - [`spawn_blocking`](crate::spawn_blocking) runs the library, because its call returns only at the end. The drain waits
//!   for the call, and the report names it.
//! - The library ends at [`draining`](crate::draining), which every runtime can await.
//! - A task of [`spawn`](crate::spawn) runs on the runtime of the process. A task of `tokio::spawn` runs on the runtime
//!   that spawns it.
//!
//! ```
//! use std::process::ExitCode;
//! use std::thread;
//! use std::time::Duration;
//!
//! use lifecycle::Process;
//!
//! mod library {
//!     use std::thread;
//!
//!     /// Serves until `end` completes, with one thread and one runtime for each shard.
//!     pub fn serve<F>(shards: usize, end: fn() -> F) -> std::io::Result<()>
//!     where
//!         F: Future<Output = ()> + 'static,
//!     {
//!         let shard = move || -> std::io::Result<()> {
//!             let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//!             runtime.block_on(end());
//!             Ok(())
//!         };
//!         let shards: Vec<_> = (0..shards).map(|_| thread::spawn(shard)).collect();
//!         shards.into_iter().try_for_each(|shard| shard.join().expect("no shard panics"))
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     let mut runtime = tokio::runtime::Builder::new_multi_thread();
//!     runtime.worker_threads(1);
//!     Process::new().grace(Duration::from_secs(30)).runtime(runtime).run(async {
//!         # thread::spawn(|| lifecycle::shutdown("an example ends"));
//!         lifecycle::spawn_blocking(|| library::serve(4, || lifecycle::draining())).await?
//!     })
//! }
//! ```
//!
//! # A queue worker
//!
//! This loop finishes the current message when the stop begins. RabbitMQ, JetStream and Redis have a ready-made consumer:
//! see [A pipeline](#a-pipeline).
//!
//! - [`spawn_essential`](crate::spawn_essential) makes the drain wait for the loop.
//! - A loop that ends before the stop also stops the service, with exit status 1. A service without its loop does nothing.
//! - The connection closes after the loop, because every teardown runs after the drain.
//!
//! ```no_run
//! use std::io;
//! use lifecycle::Managed;
//!
//! # struct Queue;
//! # struct Message;
//! # impl Queue {
//! #     async fn connect() -> io::Result<Queue> { Ok(Queue) }
//! #     async fn receive(&self) -> io::Result<Message> { Ok(Message) }
//! #     async fn acknowledge(&self, _: Message) -> io::Result<()> { Ok(()) }
//! #     async fn close(&self) -> io::Result<()> { Ok(()) }
//! # }
//! # async fn handle(_: &Message) -> io::Result<()> { Ok(()) }
//!
//! #[lifecycle::resource(timeout = "5s")]
//! struct Broker {
//!     #[teardown(close)]
//!     queue: Queue,
//! }
//!
//! #[lifecycle::main]
//! async fn main() -> io::Result<()> {
//!     let queue = Queue::connect().await?;
//!     let broker = lifecycle::manage(Broker { queue });
//!     lifecycle::spawn_essential("consumer", consume(broker));
//!     lifecycle::stopping().await;
//!     Ok(())
//! }
//!
//! async fn consume(broker: Managed<Broker>) -> io::Result<()> {
//!     loop {
//!         let message = tokio::select! {
//!             biased;
//!             () = lifecycle::stopping() => return Ok(()),
//!             message = broker.queue.receive() => message?,
//!         };
//!         // Not inside the `select!`, so that the stop does not drop a received message.
//!         handle(&message).await?;
//!         broker.queue.acknowledge(message).await?;
//!     }
//! }
//! ```
//!
//! `receive` must be cancel safe, because the `select!` drops its future when the stop begins. The documentation of the
//! client says whether it is.
//!
//! # A pipeline
//!
//! This consumer sends each message through a channel to a writer. The stop ends the parts in this order, without any
//! configuration:
//!
//! 1. The consumer takes no new messages, and finishes the messages in flight.
//! 2. The handlers end, and their senders are dropped.
//! 3. The writer writes what the channel still holds, and returns when the channel closes. The writer never waits for
//!    [`stopping`](crate::stopping).
//! 4. The drain is over, and the connection closes.
//!
//! The features are `consumer` and `lapin`:
//!
#![cfg_attr(all(feature = "consumer", feature = "lapin"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "consumer", feature = "lapin")), doc = "```text")]
//! use std::convert::Infallible;
//! use std::error::Error;
//!
//! use lapin::options::{BasicConsumeOptions, BasicQosOptions};
//! use lapin::types::FieldTable;
//! use lapin::{Connection, ConnectionProperties};
//! use lifecycle::consumer::{AmqpQueue, Consumer};
//! use tokio::sync::{mpsc, oneshot};
//!
//! #[lifecycle::resource]
//! struct Broker {
//!     #[teardown]
//!     connection: Connection,
//! }
//!
//! type Item = (Vec<u8>, oneshot::Sender<()>);
//!
//! async fn write(mut queue: mpsc::Receiver<Item>) -> Result<(), Infallible> {
//!     while let Some((item, written)) = queue.recv().await {
//!         println!("{}", String::from_utf8_lossy(&item));
//!         let _ = written.send(());
//!     }
//!     Ok(())
//! }
//!
//! #[lifecycle::main]
//! async fn main() -> Result<(), Box<dyn Error>> {
//!     let connection = Connection::connect("amqp://127.0.0.1", ConnectionProperties::default()).await?;
//!     let broker = lifecycle::manage(Broker { connection });
//!     let channel = broker.connection.create_channel().await?;
//!     channel.basic_qos(64, BasicQosOptions::default()).await?; // the broker sends 64 messages ahead
//!     let options = BasicConsumeOptions::default();
//!     let orders = channel.basic_consume("orders".into(), "".into(), options, FieldTable::default()).await?;
//!
//!     let (writer, queue) = mpsc::channel(1_000);
//!     lifecycle::spawn_essential("writer", write(queue));
//!     Consumer::new(AmqpQueue::new(channel, orders))
//!         .name("orders")
//!         .concurrency(16)
//!         .run(move |order| {
//!             let writer = writer.clone();
//!             async move {
//!                 let (written, is_written) = oneshot::channel();
//!                 writer.send((order.data, written)).await.map_err(|_| "the writer has ended")?;
//!                 // The consumer acknowledges the order after this line.
//!                 is_written.await.map_err(|_| "the item was not written")
//!             }
//!         })
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! | the handler | a clean stop loses | SIGKILL loses |
//! |---|---|---|
//! | waits until its item is written | nothing | nothing |
//! | returns at once | nothing | acknowledged messages in the channel |
//!
//! - The writer must not end when the stop begins, because handlers would wait for it without an end.
//! - A sender that a resource holds keeps the channel open. The writer then never returns, and delays the drain until its
//!   time is up. The report names the line that spawned the writer.
//!
//! The example `events` writes a batch with one sync of the file. The channel of the example `worker` only wakes an
//! outbox.
//!
//! # Transactions at the stop
//!
//! A transaction belongs to one piece of work: a request, a message, or a step of a task. The drain waits for that work,
//! so the transaction commits before the pool closes. It needs no teardown.
//!
//! Work that is cut off at the end of the drain is dropped. Its transaction is dropped as well, and rolls back. Two habits
//! make this safe:
//!
//! - Begin and commit in one function.
//! - Send the response, or the acknowledgement, after the commit.
//!
//! ```no_run
//! # mod sqlx {
//! #     pub type Result<T> = std::io::Result<T>;
//! #     pub struct PgPool;
//! #     pub struct Transaction;
//! #     pub struct Query;
//! #     impl PgPool {
//! #         pub async fn connect(_: &str) -> Result<PgPool> { Ok(PgPool) }
//! #         pub async fn begin(&self) -> Result<Box<Transaction>> { Ok(Box::new(Transaction)) }
//! #         pub async fn close(&self) {}
//! #     }
//! #     impl Transaction {
//! #         pub async fn commit(self: Box<Self>) -> Result<()> { Ok(()) }
//! #     }
//! #     pub fn query(_: &str) -> Query { Query }
//! #     impl Query {
//! #         pub fn bind<T>(self, _: T) -> Query { self }
//! #         pub async fn execute(self, _: &mut Transaction) -> Result<()> { Ok(()) }
//! #     }
//! # }
//! # async fn next() -> (i64, i64) { std::future::pending().await }
//! use lifecycle::Managed;
//! use sqlx::PgPool;
//!
//! #[lifecycle::resource(timeout = "5s")]
//! struct Database {
//!     #[teardown(close)] // a bare `#[teardown]` does more, with the feature `sqlx`: see below
//!     pool: PgPool,
//! }
//!
//! async fn transfer(database: &Database, from: i64, to: i64) -> sqlx::Result<()> {
//!     let mut transaction = database.pool.begin().await?;
//!     for (account, cents) in [(from, -100), (to, 100)] {
//!         let change = sqlx::query("UPDATE accounts SET cents = cents + $1 WHERE id = $2");
//!         change.bind(cents).bind(account).execute(&mut *transaction).await?;
//!     }
//!     transaction.commit().await
//! }
//!
//! async fn transfer_all(database: Managed<Database>) -> sqlx::Result<()> {
//!     loop {
//!         let (from, to) = tokio::select! {
//!             biased;
//!             () = lifecycle::stopping() => return Ok(()),
//!             accounts = next() => accounts,
//!         };
//!         // Not inside the `select!`, so that the stop does not roll it back.
//!         transfer(&database, from, to).await?;
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() -> sqlx::Result<()> {
//!     let pool = PgPool::connect("postgres://127.0.0.1/bank").await?;
//!     let database = lifecycle::manage(Database { pool });
//!     transfer_all(database).await
//! }
//! ```
//!
//! | | `#[teardown(close)]` | `#[teardown]`, with the feature `sqlx` |
//! |---|---|---|
//! | waits for every connection | yes, but `Pool::close` of sqlx 0.8 may return early | yes, for half of its time |
//! | queries that PostgreSQL still runs for this process | run on after the exit | are cancelled |
//! | connections that were never returned | hold up the teardown until its time-out | are counted in the report |
//!
//! A client that received a response knows that its transaction was committed. A client whose connection broke knows
//! nothing, and repeats the request. Make the repetition harmless, for example by `INSERT .. ON CONFLICT DO NOTHING` with an
//! id that the client chose.
//!
//! # A batch job
//!
//! A `job` is ready from its start and has no lame duck. A job runs on after a request to stop, until the drain's time is
//! up. The drain then cuts the job off at its next `.await`, with exit status 70. Every teardown still runs. A long job
//! therefore checks [`is_stopping`](crate::is_stopping):
//!
//! ```
//! # use std::io;
//! # async fn import(_page: u32) -> io::Result<()> { Ok(()) }
//! # async fn remember(_page: u32) -> io::Result<()> { Ok(()) }
//! #[lifecycle::main(job, grace = "1m")]
//! async fn main() -> io::Result<()> {
//!     for page in 0..100 {
//!         if lifecycle::is_stopping() {
//!             return remember(page).await;
//!         }
//!         import(page).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # A library for several binaries
//!
//! A library declares resources, and leaves `main` and `grace` to the binary.
//!
//! | concern | place |
//! |---|---|
//! | dependencies: a field `Managed<T>`, or `depends_on` | the library |
//! | `order`, because an order applies to the whole program | the binary |
//! | `grace` and `lame_duck` | the binary |
//!
//! A library takes its dependencies as arguments, and returns [`Managed`](crate::Managed) handles. A program without this
//! crate's [`main`](macro@crate::main), such as a test, can use the library too.
//!
//! A library that starts a server inside of another program runs it with `Lifecycle::builder()`. That lifecycle installs no
//! signal handlers, and several can run in one process. The binary runs the same future with `Process`.
//!
//! ```
//! mod storage {
//!     use lifecycle::{Managed, Teardown};
//!
//!     /// The connections of the program.
//!     #[lifecycle::resource(timeout = "5s")]
//!     pub struct Database {
//!         // ..
//!     }
//!
//!     #[lifecycle::teardown]
//!     impl Teardown for Database {
//!         async fn teardown(&self) {
//!             // Close the connections. `lifecycle::remaining()` returns the time that is left.
//!         }
//!     }
//!
//!     /// The orders in the database. Torn down before the database.
//!     #[lifecycle::resource(no_teardown = "every order is in the database")]
//!     pub struct Orders {
//!         pub database: Managed<Database>,
//!     }
//!
//!     /// Opens the storage. Call this once, in a lifecycle.
//!     pub async fn open() -> Managed<Orders> {
//!         let database = lifecycle::manage(Database {});
//!         lifecycle::manage(Orders { database })
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() {
//!     let orders = storage::open().await;
//!     # drop(orders.database.clone());
//! }
//! ```
//!
//! `LIFECYCLE_PLAN=tree` prints the plan of a binary, with the reason of each edge. Two kinds of dependency have no type:
//!
//! - [`a.depends_on(&b)`](crate::Managed::depends_on) orders two instances, for example inside a `dyn Trait`.
//! - [`defer`](crate::defer) adds a teardown without a resource.
//!
//! # Unit tests
//!
//! A lifecycle that a test builds runs in the test's own runtime. It catches no signals, ends no process, and returns its
//! [`Report`](crate::Report). Each test has a lifecycle of its own, so tests can run in parallel. Deadlines follow tokio's
//! clock: on a paused clock (tokio's feature `test-util`), a test of a 30 s grace takes no time.
//!
//! A failed `assert!` inside of [`run`](crate::Lifecycle::run) fails the test after the teardown. A plan that does not fit
//! into grace fails the test as well. A value that holds a handle is built without a lifecycle by
//! [`Managed::detached`](crate::Managed::detached). So a handler of axum is called as a function, with
//! `State(Managed::detached(..))`.
//!
//! A function that serves needs a lifecycle: `Lifecycle::builder().run(serve(listener)).await`. Do not combine a paused clock
//! with real sockets. The clock jumps to the next timer while a socket waits for its peer.
//!
//! [`testing`](crate::testing) has an attribute for such a test, and tests of the whole process under load. This test needs no
//! feature:
//!
//! ```
//! use std::time::Duration;
//! use lifecycle::{Lifecycle, Outcome, Stage, Teardown};
//!
//! #[lifecycle::resource]
//! struct Slow;
//!
//! #[lifecycle::teardown]
//! impl Teardown for Slow {
//!     async fn teardown(&self) {
//!         tokio::time::sleep(Duration::from_secs(60)).await;
//!     }
//! }
//!
//! # /*
//! #[tokio::test(start_paused = true)]
//! # */
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn work_in_flight_ends_and_a_hanging_teardown_is_named() {
//!     let service = async {
//!         lifecycle::manage(Slow);
//!         lifecycle::spawn(async {
//!             lifecycle::stopping().await;
//!             tokio::time::sleep(Duration::from_secs(2)).await; // finishes the last request
//!         });
//!         lifecycle::shutdown("the test is over");
//!     };
//!     let report = Lifecycle::builder().grace(Duration::from_secs(30)).run(service).await;
//!
//!     let drain = report.stages.iter().find(|span| span.stage == Stage::Drain).unwrap();
//!     assert_eq!(drain.took.as_secs(), 2);
//!     assert_eq!(report.instances[0].outcome, Outcome::TimedOut);
//!     assert_eq!(report.exit_status(), 70);
//!     assert!(report.took <= Duration::from_secs(30));
//! }
//! # work_in_flight_ends_and_a_hanging_teardown_is_named();
//! ```
//!
//! A test that observes the running service builds the lifecycle first. [`Lifecycle`](crate::Lifecycle) is a handle whose
//! methods match the functions of this crate. [`Lifecycle::run`](crate::Lifecycle::run) takes the service.

pub mod etcd;
pub mod other_servers;
