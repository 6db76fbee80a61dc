//! Whole programs, small enough to copy.
//!
//! - [A service](#a-service)
//! - [Streams without an end](#streams-without-an-end)
//! - [A restart that refuses nobody](#a-restart-that-refuses-nobody)
//! - [Somebody else's server](#somebody-elses-server)
//! - [A queue worker](#a-queue-worker)
//! - [A pipeline](#a-pipeline)
//! - [Transactions at the stop](#transactions-at-the-stop)
//! - [A batch job](#a-batch-job)
//! - [A library for several binaries](#a-library-for-several-binaries)
//! - [Unit tests](#unit-tests)
//!
//! # A service
//!
//! Over HTTP, with the feature `http`; `http::probes` answers the health checks beside the routes. It returns when the
//! last connection is gone, so `main` ends when it does.
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
//! `lame_duck` is the time in which a load balancer learns that it should send no more: the interval of its checks
//! times the failures that it waits for, and the time until all of it knows. Where one asks often, and nobody else
//! comes, `Server::lame_duck_early_end` ends it a second after that has been heard.
//!
//! tonic's services are served in the same way, as `tonic::service::Routes`, without tonic's server; the example `grpc`
//! does. Another protocol has `net::serve`, which runs a handler for each connection, over the same listeners.
//!
//! # Streams without an end
//!
//! A WebSocket, server-sent events, a gRPC subscription are in flight until they end. If they never do, they are cut
//! off at the end of the drain, the exit status is 70, and the client sees a broken connection. So they hear of the
//! stop and end by themselves, and the question is when:
//!
//! - An answer that waits for news, a long poll, is given at the notice: [`stopping`](crate::stopping). It carries
//!   `Connection: close`, so the client comes back on a new connection.
//! - A stream says goodbye when the drain begins: [`draining`](crate::draining). During the lame duck the doors are
//!   still open, and a client that is sent away would come straight back in.
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
//!     std::future::pending().await // until there is some
//! }
//!
//! // Server-sent events: a browser asks again by itself, a few seconds after the end.
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
//! The example `websocket` is a chat that closes with 1001 and a reason; the example `grpc` ends its streams with
//! `UNAVAILABLE`, and shows what becomes of those who watch `tonic-health`. A task that a library starts outlives its
//! socket unseen: after the goodbye nothing waits for it, so what it still has to do goes into
//! [`spawn`](crate::spawn).
//!
//! # A restart that refuses nobody
//!
//! On one machine, without a load balancer, the socket has to outlive the process. systemd holds it:
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
//! # More than `grace`: after this, SIGKILL.
//! TimeoutStopSec=30
//! Restart=on-failure
//! ```
//!
//! The program says `net::listen("0.0.0.0:8080")`, and takes over what it is handed; without systemd it binds the
//! address itself. Between the old process and the new one, connections wait in the queue: at the drain the old one
//! leaves it alone. `systemctl restart shop` stops the one before it starts the other, so they wait for as long as the
//! stop takes: no lame duck here, which would only make that longer. With several sockets, `net::listen_as("admin",
//! ..)` takes the one whose unit says `FileDescriptorName=admin`.
//!
//! Two processes may also listen side by side, with `SO_REUSEPORT`: the new one is started, and when it is ready the
//! old one is told to stop. Each has a queue of its own, and empties it.
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
//! A client whose first packet comes while the old process empties its queue is not let in by it. It sends that packet
//! again, a second later on Linux, and gets to the new one.
//!
//! # Somebody else's server
//!
//! A server that takes a future for its end gets [`draining`](crate::draining), and `main` returns when it does. What
//! it loses on the way, such as those in its accept queue, it loses here too, and the report does not know its
//! connections: `main` is what was cut off. Answer 503 to health checks while [`is_stopping`](crate::is_stopping).
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use tokio::net::TcpListener;
//!
//! #[lifecycle::main(grace = "25s", lame_duck = "5s")]
//! async fn main() -> std::io::Result<()> {
//!     let routes = Router::new().route("/", get(async || "hello\n"));
//!     let listener = TcpListener::bind("0.0.0.0:8080").await?;
//!     axum::serve(listener, routes).with_graceful_shutdown(lifecycle::draining()).await
//! }
//! ```
//!
//! # A queue worker
//!
//! For RabbitMQ, JetStream and Redis there is a consumer, the feature `consumer`: see [A pipeline](#a-pipeline). A loop
//! of your own ends at the notice, the message in hand is finished: the stop waits for a task that was spawned by
//! [`spawn_essential`](crate::spawn_essential). If the loop ends before, the service stops, with status 1, instead of
//! running on without doing anything. The connection is closed after the loop, since teardowns come after the drain.
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
//!         // Not inside the `select!`: a message that was received is worked off.
//!         handle(&message).await?;
//!         broker.queue.acknowledge(message).await?;
//!     }
//! }
//! ```
//!
//! `receive` has to be cancel safe, as it is dropped when the stop begins; its documentation says whether it is.
//!
//! # A pipeline
//!
//! A consumer takes messages and sends them through a channel to a writer. At the stop that ends from the source on,
//! and nobody numbers its parts: the consumer takes no more and finishes what is in hand; with it go the senders; the
//! writer, which never looks at [`stopping`](crate::stopping), writes what is queued and returns when the channel
//! closes; then the drain is over, and the connection is closed. With the features `consumer` and `lapin`:
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
//!     channel.basic_qos(64, BasicQosOptions::default()).await?; // what is sent ahead, and handed back
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
//!                 writer.send((order.data, written)).await.map_err(|_| "nobody writes")?;
//!                 // The order is acknowledged when this returns.
//!                 is_written.await.map_err(|_| "not written")
//!             }
//!         })
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! Whether the handler waits until its item is written is a question of crashes only: a clean stop loses nothing either
//! way, SIGKILL loses what was acknowledged and is still in the channel. What must not be is a writer that ends at the
//! notice: those in hand would wait for it. A sender that somebody else keeps, in a resource for one, holds up the
//! writer, and so the drain: the report names it by where it was spawned. The example `events` writes what comes
//! together with one sync of the file; in the example `worker` the channel only wakes an outbox.
//!
//! # Transactions at the stop
//!
//! A transaction belongs to a piece of work: a request, a message, a step of a task. The drain waits for that, so it
//! is committed before the pool closes, and needs no teardown. Work that is cut off at the end of the drain is dropped,
//! and with it the transaction, which rolls back. So begin and commit it in one function, and say "done" (the answer,
//! the acknowledgement) behind the commit.
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
//!     #[teardown(close)] // with the feature `sqlx`, a bare `#[teardown]` does more: see below
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
//!         // Not inside the `select!`, where the stop would roll it back.
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
//! A pool waits in its `close` until every connection has come back, so one that somebody keeps holds it up until its
//! time is over; but `close` of sqlx 0.8 may be over before, where idle connections were closed beside one that is out.
//! A bare `#[teardown]` waits for all in any case, for half of its time, has PostgreSQL cancel what it still runs for this
//! process, which would otherwise go on long after, and says how many connections never came back. Somebody who was
//! told "done" is told so by a commit; somebody whose connection broke may have been served or not: what is safe to
//! repeat, such as `INSERT .. ON CONFLICT DO NOTHING` under an id of the client's, is what makes that harmless.
//!
//! # A batch job
//!
//! A `job` is ready from its start and has no lame duck. When it is asked to stop it goes on until it returns, or
//! until the drain's time is up: then it is cut off at its next await, with status 70, after which everything is torn
//! down all the same. A long one looks whether it should end early.
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
//! A library declares its resources and leaves time and `main` to the binary. It says what depends on what, by fields
//! or `depends_on`, and leaves `order` to the binary too, since an order holds for the whole program. It takes what it
//! needs as an argument and hands out [`Managed`](crate::Managed); a program that has no
//! [`main`](macro@crate::main) of this crate, such as a test, can use it too.
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
//!             // Say goodbye to the server; `lifecycle::remaining()` says how much time there is.
//!         }
//!     }
//!
//!     /// What the program keeps in it: gone before the database is.
//!     #[lifecycle::resource(no_teardown = "all it has is in the database")]
//!     pub struct Orders {
//!         pub database: Managed<Database>,
//!     }
//!
//!     /// Call this once, in a lifecycle.
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
//! `LIFECYCLE_PLAN=tree` prints what a binary has linked, with the reason of each edge. A resource that no type names,
//! such as one behind a `dyn Trait`, is put in its place by
//! [`a.depends_on(&b)`](crate::Managed::depends_on), and something that is no type at all by
//! [`defer`](crate::defer).
//!
//! # Unit tests
//!
//! A lifecycle by hand runs in the test's own runtime, catches no signals, ends no process, and returns its
//! [`Report`](crate::Report). Each test has its own, so they run side by side. Its deadlines follow tokio's clock:
//! with a paused one (tokio's feature `test-util`), a test of a 30 s grace takes no time.
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
//! async fn what_is_in_flight_ends_and_what_hangs_is_named() {
//!     let service = async {
//!         lifecycle::manage(Slow);
//!         lifecycle::spawn(async {
//!             lifecycle::stopping().await;
//!             tokio::time::sleep(Duration::from_secs(2)).await; // the last request
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
//! # what_is_in_flight_ends_and_what_hangs_is_named();
//! ```
//!
//! A test that wants to look at the service while it runs builds the lifecycle first: [`Lifecycle`](crate::Lifecycle)
//! is a handle whose methods are the functions of this crate, and [`Lifecycle::run`](crate::Lifecycle::run) takes the
//! service.
