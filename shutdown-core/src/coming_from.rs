//! A service that stops by hand, moved to `lifecycle` step by step.
//!
//! Each section shows the code of today, a list of what to delete, the code to write, and what changes for a caller.
//!
//! - [`tokio::signal::ctrl_c`](#tokiosignalctrl_c)
//! - [`CancellationToken`](#cancellationtoken)
//! - [`TaskTracker`](#tasktracker)
//! - [A broadcast or watch channel](#a-broadcast-or-watch-channel)
//! - [An accept loop](#an-accept-loop)
//! - [axum's `with_graceful_shutdown`](#axums-with_graceful_shutdown)
//! - [tokio-graceful-shutdown](#tokio-graceful-shutdown)
//!
//! # What changes everywhere
//!
//! | | by hand | with `lifecycle` |
//! |---|---|---|
//! | deadline | the orchestrator's SIGKILL | `grace`, 25 s by default. The process is gone at `T0 + grace` + 10 ms |
//! | SIGTERM, SIGINT | each needs a listener, else the signal kills the process | both start a stop |
//! | SIGHUP | kills the process, also if a service manager means a reload | requests a reload: [`reloads`](crate::reloads) |
//! | a signal before `main` is ready | kills the process, or is noticed late | drops `main` at its next `.await`, tears down, exits with 0 |
//! | second signal | ignored by tokio's handlers | ends the lame duck and the drain, leaves at most 3 s |
//! | third signal | ignored by tokio's handlers | kills the process |
//! | a signal that was ignored at the start, such as SIGINT after `service &` in a script | received by tokio's handlers | stays ignored |
//! | exit status after a clean stop | 0 | 0 |
//! | exit status if work was cut off | 0 | 70, and the report on stderr names the work |
//! | exit status if every worker thread is blocked at the deadline | none: the process stays | 124 |
//!
//! `T0` is the instant of the first request to stop. Two signals within 250 ms count as one.
//!
//! Some servers call the pause before their stop a grace period. That pause is `lame_duck`. `grace` is the total: this
//! pause, the drain and the teardowns.
//!
//! A loop of hyper (`serve_connection`, `GracefulShutdown`, a `select!` between `accept` and a signal) becomes
//! `http::Server::new(listener).serve(service)`. `http1::Builder` becomes `http1_only()`, and a TLS acceptor moves to
//! `handshake`.
//!
//! # `tokio::signal::ctrl_c`
//!
//! Today:
//!
//! ```no_run
//! # async fn work() {}
//! # async fn flush() -> std::io::Result<()> { Ok(()) }
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let worker = tokio::spawn(work());
//!     tokio::signal::ctrl_c().await?;
//!     worker.abort();
//!     flush().await
//! }
//! ```
//!
//! Delete:
//!
//! - `#[tokio::main]`, the call of `ctrl_c`, and each listener for another signal
//! - `abort()`, which drops the work at its next `.await`
//! - the cleanup after the wait
//!
//! Write:
//!
//! ```no_run
//! # async fn work() {}
//! # async fn flush() -> std::io::Result<()> { Ok(()) }
//! #[lifecycle::main(grace = "10s")]
//! async fn main() {
//!     lifecycle::defer("flush", flush);
//!     lifecycle::spawn(work());
//!     lifecycle::stopping().await;
//! }
//! ```
//!
//! What changes:
//!
//! - The drain waits for `work`. A loop in `work` ends itself by a look at [`is_stopping`](crate::is_stopping), or by
//!   [`stopping`](crate::stopping) in a `select!`.
//! - `flush` runs after an error or a panic in `main` too.
//! - An error of `flush` makes the exit status 70. The status was 1.
//!
//! # `CancellationToken`
//!
//! Today:
//!
//! ```no_run
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn next_job() -> u32 { std::future::pending().await }
//! # async fn run(_: u32) {}
//! async fn work(token: CancellationToken) {
//!     loop {
//!         tokio::select! {
//!             () = token.cancelled() => break,
//!             job = next_job() => run(job).await,
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let token = CancellationToken::new();
//!     let worker = tokio::spawn(work(token.clone()));
//!     tokio::signal::ctrl_c().await?;
//!     token.cancel();
//!     let _ = worker.await;
//!     Ok(())
//! }
//! ```
//!
//! Delete:
//!
//! - the token, its clones, and the parameter of each function that only hands the token on
//! - the `JoinHandle`s that `main` awaits
//!
//! Write:
//!
//! ```no_run
//! # async fn next_job() -> u32 { std::future::pending().await }
//! # async fn run(_: u32) {}
//! async fn work() {
//!     loop {
//!         tokio::select! {
//!             () = lifecycle::stopping() => break,
//!             job = next_job() => run(job).await,
//!         }
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() {
//!     lifecycle::spawn(work());
//!     lifecycle::stopping().await;
//! }
//! ```
//!
//! | `CancellationToken` | `lifecycle` |
//! |---|---|
//! | `token.cancelled().await` | `lifecycle::stopping().await` |
//! | `token.is_cancelled()` | `lifecycle::is_stopping()` |
//! | `token.cancel()` | `lifecycle::shutdown("reason")`, or `lifecycle::fail(error)` for exit status 1 |
//! | `token.run_until_cancelled(future)` | `select!` over `lifecycle::stopping()` and the future |
//! | `token.drop_guard()` in a task | `lifecycle::spawn_essential("name", task)` |
//! | `token.child_token()` | a token of your own, cancelled by your own code |
//!
//! What changes:
//!
//! - The stop has two notices. [`stopping`](crate::stopping) completes when the stop begins.
//!   [`draining`](crate::draining) completes after the lame duck. A server waits for the second one.
//! - `main` returns without waiting for its tasks, because the drain waits for them.
//! - A token remains the right tool for one request that cancels its own subtasks.
//!
//! # `TaskTracker`
//!
//! Today:
//!
//! ```no_run
//! use tokio_util::sync::CancellationToken;
//! use tokio_util::task::TaskTracker;
//!
//! # async fn connection() -> u32 { 0 }
//! # async fn serve(_: u32) {}
//! #[tokio::main]
//! async fn main() {
//!     let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
//!     let on_signal = token.clone();
//!     tokio::spawn(async move {
//!         let _ = tokio::signal::ctrl_c().await;
//!         on_signal.cancel();
//!     });
//!     while let Some(connection) = token.run_until_cancelled(connection()).await {
//!         tracker.spawn(serve(connection));
//!     }
//!     tracker.close();
//!     tracker.wait().await;
//! }
//! ```
//!
//! Delete:
//!
//! - the tracker, `close()` and `wait()`
//! - the task that listens for the signal, and its token
//!
//! Write:
//!
//! ```no_run
//! # async fn connection() -> u32 { 0 }
//! # async fn serve(_: u32) {}
//! #[lifecycle::main]
//! async fn main() {
//!     loop {
//!         let connection = tokio::select! {
//!             () = lifecycle::draining() => break,
//!             connection = connection() => connection,
//!         };
//!         lifecycle::spawn(serve(connection));
//!     }
//! }
//! ```
//!
//! | `TaskTracker` | `lifecycle` |
//! |---|---|
//! | `tracker.spawn(future)` | `lifecycle::spawn(future)` |
//! | `tracker.spawn_blocking(closure)` | `lifecycle::spawn_blocking(closure)` |
//! | `tracker.token()` | `lifecycle::pass()`, which returns `None` after the drain has begun |
//! | `tracker.close(); tracker.wait().await` | nothing: the drain does both |
//! | a tracker for one part of the program | a [`Gate`](crate::Gate) of your own |
//!
//! What changes:
//!
//! - `tracker.wait()` has no time limit. The drain has one: work that is still running is cut off, and the report names
//!   the line that spawned it.
//! - A closed `TaskTracker` still accepts tasks. A closed gate refuses a new pass.
//! - A panic in a tracked task during the stop makes the exit status 70.
//!
//! # A broadcast or watch channel
//!
//! Today, with a second channel that reports the end of each task:
//!
//! ```no_run
//! use tokio::sync::{broadcast, mpsc};
//!
//! # async fn next_job() -> u32 { std::future::pending().await }
//! # async fn run(_: u32) {}
//! async fn work(mut shutdown: broadcast::Receiver<()>, _done: mpsc::Sender<()>) {
//!     loop {
//!         tokio::select! {
//!             _ = shutdown.recv() => break,
//!             job = next_job() => run(job).await,
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let (notify, _) = broadcast::channel(1);
//!     let (done, mut all_done) = mpsc::channel(1);
//!     tokio::spawn(work(notify.subscribe(), done.clone()));
//!     tokio::signal::ctrl_c().await?;
//!     drop((notify, done));
//!     let _ = all_done.recv().await;
//!     Ok(())
//! }
//! ```
//!
//! Delete:
//!
//! - both channels, the parameters that carry them, and each `subscribe()`
//! - `drop` and `recv` at the end of `main`
//!
//! Write:
//!
//! ```no_run
//! # async fn next_job() -> u32 { std::future::pending().await }
//! # async fn run(_: u32) {}
//! async fn work() {
//!     loop {
//!         tokio::select! {
//!             () = lifecycle::stopping() => break,
//!             job = next_job() => run(job).await,
//!         }
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() {
//!     lifecycle::spawn(work());
//!     lifecycle::stopping().await;
//! }
//! ```
//!
//! A `watch::Receiver<bool>` maps in the same way: `*receiver.borrow()` becomes [`is_stopping`](crate::is_stopping), and
//! `receiver.changed().await` becomes [`stopping`](crate::stopping).
//!
//! What changes:
//!
//! - A task that starts late still receives the notice. A late `subscribe()` misses a value that was sent before it.
//! - A forgotten clone of `done` no longer blocks the exit forever, because the drain ends at its deadline.
//! - A plain thread can call the same functions, and so can a thread of another runtime. Each thread of the process is
//!   inside the lifecycle.
//!
//! # An accept loop
//!
//! A TCP service with frames, a limit of connections, and a task for each connection. Today:
//!
//! ```no_run
//! use std::sync::Arc;
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//! use tokio::net::{TcpListener, TcpStream};
//! use tokio::sync::Semaphore;
//! use tokio_util::sync::CancellationToken;
//!
//! # fn parse(_: &mut Vec<u8>) -> Option<Vec<u8>> { None }
//! # fn answer(_: &[u8]) -> Vec<u8> { Vec::new() }
//! async fn handle(mut stream: TcpStream, token: CancellationToken) -> std::io::Result<()> {
//!     let mut buffer = Vec::new();
//!     loop {
//!         while let Some(command) = parse(&mut buffer) {
//!             stream.write_all(&answer(&command)).await?;
//!         }
//!         tokio::select! {
//!             length = stream.read_buf(&mut buffer) => if length? == 0 { return Ok(()) },
//!             () = token.cancelled() => return Ok(()),
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let (token, places) = (CancellationToken::new(), Arc::new(Semaphore::new(250)));
//!     let on_signal = token.clone();
//!     tokio::spawn(async move {
//!         let _ = tokio::signal::ctrl_c().await;
//!         on_signal.cancel();
//!     });
//!     let listener = TcpListener::bind("0.0.0.0:6379").await?;
//!     loop {
//!         let place = places.clone().acquire_owned().await.unwrap();
//!         let (stream, _) = tokio::select! {
//!             accepted = listener.accept() => accepted?,
//!             () = token.cancelled() => return Ok(()),
//!         };
//!         let token = token.clone();
//!         tokio::spawn(async move {
//!             let _ = handle(stream, token).await;
//!             drop(place);
//!         });
//!     }
//! }
//! ```
//!
//! Delete:
//!
//! - the accept loop, its semaphore, and a channel that waits for the tasks
//! - the token, and each `select!` between a read and the stop
//!
//! Write, with the feature `net`:
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```text")]
//! use lifecycle::net::Connection;
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//!
//! # fn parse(_: &mut Vec<u8>) -> Option<Vec<u8>> { None }
//! # fn answer(_: &[u8]) -> Vec<u8> { Vec::new() }
//! async fn handle(mut connection: Connection) -> std::io::Result<()> {
//!     let mut buffer = Vec::new();
//!     loop {
//!         while let Some(command) = parse(&mut buffer) {
//!             connection.write_all(&answer(&command)).await?;
//!         }
//!         connection.mark_idle(&buffer); // every command is answered, apart from half a command in the buffer
//!         if connection.may_end() || connection.read_buf(&mut buffer).await? == 0 {
//!             return Ok(());
//!         }
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = lifecycle::net::listen("0.0.0.0:6379").await?;
//!     lifecycle::net::Server::new(listener)
//!         .max_connections(250)
//!         .serve(|connection, _peer| async { drop(handle(connection).await) })
//!         .await
//! }
//! ```
//!
//! | at the stop | by hand | `lifecycle::net` |
//! |---|---|---|
//! | a connection in the kernel's accept queue | reset by the kernel | accepted and served |
//! | a command that the kernel has received, or that waits in the handler's buffer | lost | answered |
//! | a read that is cancelled half way | the bytes that it has read are lost | no read is cancelled |
//! | an answer, if unread bytes of the client follow | may be destroyed by a reset | arrives |
//! | an idle client | closed at once | closed when the drain begins |
//! | a client that never pauses | loses its next command | ends with an answer: see [`Connection`](crate::net::Connection) |
//!
//! The `Connection` reads and writes as a `TcpStream` does, also inside of a `BufReader`, a `BufWriter` or a `Framed`. The
//! [`TcpStream`](tokio::net::TcpStream) inside is `connection.get_ref()`, behind [`Stream::Tcp`](crate::net::Stream). The
//! example `key-value` is such a service with subscribers.
//!
//! # axum's `with_graceful_shutdown`
//!
//! Today:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use tokio::net::TcpListener;
//! use tokio::signal::unix::{SignalKind, signal};
//!
//! async fn shutdown_signal() {
//!     let mut terminate = signal(SignalKind::terminate()).unwrap();
//!     tokio::select! {
//!         _ = tokio::signal::ctrl_c() => {}
//!         _ = terminate.recv() => {}
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let routes = Router::new().route("/", get(async || "hello\n"));
//!     let listener = TcpListener::bind("0.0.0.0:8080").await?;
//!     axum::serve(listener, routes).with_graceful_shutdown(shutdown_signal()).await
//! }
//! ```
//!
//! Delete:
//!
//! - `shutdown_signal`
//! - a `preStop` hook that sleeps: `lame_duck` replaces the hook
//!
//! Write, with the feature `http`:
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
//! A first step can keep axum's server, without the feature. Replace one argument. The page
//! [`other_servers`](crate::recipes::other_servers) shows how that server loses less.
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
//! | at the stop | `axum::serve` | `lifecycle::http::serve` |
//! |---|---|---|
//! | a connection in the kernel's accept queue | reset by the kernel | accepted and served |
//! | a request that the kernel has received on an idle connection | may be lost | read and served |
//! | a request that never ends | delays the exit forever | cut off at the end of the drain, and named with its client |
//! | a WebSocket | ends with the process | in flight until it ends. Its handler can wait for `lifecycle::draining()` |
//! | health checks | a route of your own | `/livez`, `/readyz` and `/startupz` by `http::probes` |
//!
//! # tokio-graceful-shutdown
//!
//! Today:
//!
//! ```no_run
//! use std::time::Duration;
//! use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
//!
//! # async fn next_job() -> u32 { std::future::pending().await }
//! # async fn run(_: u32) -> std::io::Result<()> { Ok(()) }
//! async fn work(subsystem: &mut SubsystemHandle) -> std::io::Result<()> {
//!     loop {
//!         tokio::select! {
//!             () = subsystem.on_shutdown_requested() => return Ok(()),
//!             job = next_job() => run(job).await?,
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let toplevel: Toplevel = Toplevel::new(async |root: &mut SubsystemHandle| {
//!         root.start(SubsystemBuilder::new("worker", work));
//!     });
//!     toplevel.catch_signals().handle_shutdown_requests(Duration::from_secs(10)).await?;
//!     Ok(())
//! }
//! ```
//!
//! Delete:
//!
//! - `Toplevel`, `catch_signals` and `handle_shutdown_requests`
//! - each `SubsystemHandle` parameter
//! - nesting that only exists to close one client after another
//!
//! Write:
//!
//! ```no_run
//! # async fn next_job() -> u32 { std::future::pending().await }
//! # async fn run(_: u32) -> std::io::Result<()> { Ok(()) }
//! async fn work() -> std::io::Result<()> {
//!     loop {
//!         tokio::select! {
//!             () = lifecycle::stopping() => return Ok(()),
//!             job = next_job() => run(job).await?,
//!         }
//!     }
//! }
//!
//! #[lifecycle::main(grace = "10s")]
//! async fn main() {
//!     lifecycle::spawn_essential("worker", work());
//!     lifecycle::stopping().await;
//! }
//! ```
//!
//! | tokio-graceful-shutdown | `lifecycle` |
//! |---|---|
//! | `SubsystemBuilder::new("name", f)` | `lifecycle::spawn_essential("name", f())` |
//! | a subsystem that may return `Ok` early | `lifecycle::spawn`, with `lifecycle::fail(error)` for an error |
//! | `on_shutdown_requested()` | `lifecycle::stopping()` |
//! | `is_shutdown_requested()` | `lifecycle::is_stopping()` |
//! | `request_shutdown()` | `lifecycle::shutdown("reason")` |
//! | a nested subsystem that owns a client | a `#[lifecycle::resource]`. A field `Managed<Client>` gives the order |
//! | the time-out of `handle_shutdown_requests` | `grace` |
//!
//! What changes:
//!
//! - A time-out is no longer an `Err` in `main`. The process ends at the deadline, even if a thread is blocked.
//! - The exit status of a time-out is 70 or 124. It was 1, the status of an `Err` from `main`.
//! - An error of the worker before the stop makes the exit status 1, in both.
//! - An essential task that returns `Ok` before the stop also stops the service, with status 1.
