//! Whole programs, small enough to copy.
//!
//! - [A service](#a-service)
//! - [A queue worker](#a-queue-worker)
//! - [A batch job](#a-batch-job)
//! - [A library for several binaries](#a-library-for-several-binaries)
//! - [Unit tests](#unit-tests)
//!
//! # A service
//!
//! A server stops taking connections when [`draining`](crate::draining) ends. A connection is a task started by
//! [`spawn`](crate::spawn), and so the drain waits for it. Servers that take a future for this, as those of axum and
//! tonic do, need no loop of their own: `.with_graceful_shutdown(lifecycle::draining())`, and `main` returns when they
//! do.
//!
//! ```no_run
//! use std::io;
//! use std::time::Duration;
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! #[lifecycle::main(grace = "25s", lame_duck = "5s")]
//! async fn main() -> io::Result<()> {
//!     let listener = TcpListener::bind("0.0.0.0:8080").await?;
//!     loop {
//!         tokio::select! {
//!             // The stop first: under load there is always another connection.
//!             biased;
//!             () = lifecycle::draining() => return Ok(()),
//!             accepted = listener.accept() => match accepted {
//!                 Ok((connection, _)) => drop(lifecycle::spawn(answer(connection))),
//!                 // Out of descriptors, say. It passes.
//!                 Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
//!             },
//!         }
//!     }
//! }
//!
//! async fn answer(mut connection: TcpStream) -> io::Result<()> {
//!     let mut request = [0; 1024];
//!     let length = tokio::select! {
//!         // The request first: one that is here is answered.
//!         biased;
//!         length = connection.read(&mut request) => length?,
//!         // Nobody has asked for anything: an idle connection does not hold up the stop.
//!         () = lifecycle::draining() => return Ok(()),
//!     };
//!     connection.write_all(&request[..length]).await
//! }
//! ```
//!
//! `lame_duck` is the time in which a load balancer learns that it should send no more: answer 503 to its checks
//! while [`is_stopping`](crate::is_stopping).
//!
//! # A queue worker
//!
//! The loop ends at the notice, the message in hand is finished: the stop waits for a task that was spawned by
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
