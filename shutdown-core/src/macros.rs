//! The attributes, documented where their examples can run.

/// Shows what is inside a plain struct or enum to the resources that hold it: a field that
/// [needs release](crate::lints::unreleased_field), and a [`Managed`](crate::Managed) handle, which is a dependency.
///
/// ```compile_fail,E0080
/// use tokio::task::JoinHandle;
///
/// #[derive(lifecycle::Holds)]
/// struct Poller {
///     task: JoinHandle<()>,
///     #[holds(skip = "only read")]
///     config: std::fs::File,
/// }
///
/// #[lifecycle::resource(no_teardown = "memory only")]
/// struct Feed {
///     poller: Poller, // error: nothing releases the `JoinHandle` in `Feed::poller`, there in `Poller::task`
/// }
/// ```
///
/// It asks the types of the fields, so a plain struct inside has to derive it too. Without the derive nobody can see
/// into a struct: it is the one thing that the lint does not find.
///
/// Between two instances of one type `a.depends_on(&b)` has to say it, if the handle is inside a plain struct.
///
/// On a field, `#[holds(skip = "why")]` leaves it out; on the item, `#[holds(crate = path)]` says where this crate is.
pub use shutdown_macros::Holds;
/// Makes an `async fn main` the main of a service that stops gracefully.
///
/// It builds the tokio runtime, installs the signal handlers before anything of yours runs, and drives the stop:
/// lame duck, drain, cleanup, flush, exit. The process is gone within `grace` of the first request to stop.
///
/// ```no_run
/// #[lifecycle::main(grace = "30s", lame_duck = "5s")]
/// async fn main() -> Result<(), std::io::Error> {
///     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
///     drop(listener);
///     Ok(())
/// }
/// ```
///
/// # Keys
///
/// | key | means | default |
/// |---|---|---|
/// | `grace = "30s"` | the whole time from the request to stop until the process is gone | 25 s |
/// | `lame_duck = "5s"` | how long, out of grace, everything still works while readiness already says no | 0 s |
/// | `flavor = "current_thread"` | the runtime; or `"multi_thread"` | `"multi_thread"` |
/// | `worker_threads = 4` | threads of a multi-thread runtime, from 1 to 65535 | one for each CPU |
/// | `job` | a batch job: ready from the start, no lame duck | a service |
/// | `signals(SIGTERM, SIGUSR1)` | the signals that ask for a stop | `SIGTERM`, `SIGINT`, `SIGHUP` |
/// | `report = "json"` | the report on stderr: `"text"`, `"json"` or `"off"` | `"text"` |
/// | `crate = path` | where this crate is, if it is not `::lifecycle` | `::lifecycle` |
///
/// A duration is a number and a unit, in any number of pairs: `"500ms"`, `"30s"`, `"1m 30s"`, `"2h"`.
///
/// The environment wins over the keys: `LIFECYCLE_GRACE` and `LIFECYCLE_LAME_DUCK` (a bare number is seconds). With
/// `LIFECYCLE_PLAN=tree` (or `dot`, `mermaid`, `json`) the program prints what is torn down before what, and exits with
/// 0 without running `main`; behind that it names what a plan of types cannot show: generic resources, and those of which
/// nothing in the program's file ever [manages](crate::manage) one. A value that cannot be read is exit status 78, with
/// one line on stderr.
///
/// # Signals
///
/// The first signal begins the stop; `SIGINT`, from a terminal, skips the lame duck. A second one, at least 250 ms
/// later, ends lame duck and drain and leaves 3 s for the rest. A third one kills. A signal that was ignored when the
/// program started stays ignored: `SIGHUP` under `nohup`, and `SIGINT` of what a script started with `&`. Before
/// [`ready`](crate::ready) the first signal drops `main` at its next await.
///
/// # Return
///
/// `main` may return `()`, `Result<(), E>` where `E: Debug`, or anything that is [`std::process::Termination`]. An
/// error ends in the report and in exit status 1. Its future need not be `Send`.
///
/// # Errors
///
/// All are found by the compiler, as `lifecycle::lints::bad_attribute`, each at the token at fault:
///
/// - a key that is unknown, given twice, or has a value of the wrong kind
/// - `grace` that is zero, or a `lame_duck` that is as long as grace or longer
/// - `worker_threads` of a `current_thread` runtime, a `lame_duck` of a `job`
/// - a signal that cannot ask for a stop: `SIGKILL` and `SIGSTOP`, which no program receives; `SIGPIPE`, which a Rust
///   program ignores; `SIGSEGV`,
///   `SIGBUS`, `SIGFPE`, `SIGILL`, after which nothing can be trusted to run
/// - a function that is not called `main`, is not async, or has arguments or generics
pub use shutdown_macros::main;
/// Tells the lint [`unreleased_field`](crate::lints::unreleased_field) of a type of yours, and a bare `#[teardown]`
/// how it is released.
///
/// The type, what is lost if nobody releases it, and the method that does. It takes `&self`; what it returns is
/// awaited if it is a future, and an error reported if it is one.
///
/// ```
/// pub struct Events;
///
/// impl Events {
///     pub async fn flush(&self) -> Result<(), std::io::Error> {
///         Ok(())
///     }
/// }
///
/// lifecycle::needs_release!(Events, "the events that are still buffered", "flush");
///
/// #[lifecycle::resource]
/// struct Audit {
///     #[teardown] // calls `flush`; without it, this does not compile
///     events: Option<Events>,
/// }
/// # let _ = Audit { events: Some(Events) };
/// ```
///
/// `, blocking` behind the method runs it off the async threads; `, crate = path` says where this crate is. The type
/// must be of your own crate, as Rust wants it of every impl; around one of another crate goes a struct of yours.
pub use shutdown_macros::needs_release;
/// Makes a struct a resource: what is torn down when the service stops.
///
/// ```
/// use lifecycle::Managed;
///
/// struct Pool;
///
/// impl Pool {
///     async fn close(&self) {}
/// }
///
/// #[lifecycle::resource(order = 2, timeout = "5s")]
/// struct Database {
///     #[teardown(close)] // calls `self.pool.close().await`
///     pool: Pool,
/// }
///
/// // Depends on `Database`, because it holds one: it is torn down before it.
/// #[lifecycle::resource(no_teardown = "a cache in memory")]
/// struct Cache {
///     db: Managed<Database>,
/// }
/// # let _: fn(Cache) -> Managed<Database> = |cache| cache.db;
/// # let _ = Database { pool: Pool };
/// ```
///
/// # Keys
///
/// | key | means |
/// |---|---|
/// | `order = 2` | every resource of a smaller order has ended before this one starts; any `i32` |
/// | `depends_on(A, b::B)` | this one is torn down before any `A` or `B`; a field of type `Managed<A>` says the same |
/// | `timeout = "5s"` | how long the teardown of one instance may take; less if grace is shorter |
/// | `name = "orders-db"` | the name in logs and reports, instead of the struct's |
/// | `last` | torn down in the flush, after everything else: telemetry, logs |
/// | `no_teardown = "why"` | there is nothing to release, and this is why |
/// | `allow(implied_dependency)` | without this [warning](crate::lints::redundant_dependency), or `duplicate_dependency` |
/// | `crate = path` | where this crate is, if it is not `::lifecycle` |
///
/// # Fields
///
/// | on a field | the teardown does |
/// |---|---|
/// | `#[teardown(close)]` | `self.field.close()`, awaited if it is a future |
/// | `#[teardown(close(200, "bye".into()))]` | the same with arguments; `self` in them is the resource |
/// | `#[teardown(lock().await.shutdown())]` | whatever follows `self.field.` |
/// | `#[teardown(sync_all, blocking)]` | the call, off the async threads |
/// | `#[teardown]` | what is right for the type, where there is one right way: the [known ones](crate::lints::unreleased_field), also inside `Option`, `Arc`, `Box`, `Vec`, maps and arrays |
/// | `#[teardown(skip = "why")]` | nothing |
///
/// If the struct implements [`Teardown`](trait@crate::Teardown) too, that runs first; then the fields, in order of
/// declaration. Each step runs for itself: an error (a `Result`'s `Err`) or a panic in one is reported, and the next
/// runs all the same.
///
/// What a field holds is asked of its type, so an alias is seen through; handles are found inside `Option`, `Arc`,
/// `Vec` and `Box`. What no type shows (a `dyn Trait`, a plain struct with a handle inside, a bare type parameter) is
/// said by `depends_on`. A handle of the struct's own type orders instances, not types.
///
/// In a generic struct every type parameter must be `Send + Sync + 'static`; an `impl Teardown` next to field
/// attributes must hold for all of them, as one for special parameters only would not be found.
///
/// # Errors
///
/// All are found by the compiler, each at the token at fault:
///
/// - [`lifecycle::lints::missing_teardown`](crate::lints::missing_teardown): no `impl Teardown`, no field attribute, no
///   `no_teardown`
/// - [`lifecycle::lints::unreleased_field`](crate::lints::unreleased_field): a field whose type is known to need release, and
///   that neither an attribute nor the body of `teardown` handles
/// - [`lifecycle::lints::not_a_resource`](crate::lints::not_a_resource): a type in `depends_on` that is none
/// - [`lifecycle::lints::dependency_cycle`](crate::lints::dependency_cycle): resources that depend on each other; the message
///   names each with its reason
/// - [`lifecycle::lints::order_contradiction`](crate::lints::order_contradiction): an `order`, or `last`, by which a
///   dependency would be torn down before what depends on it, also through resources without an order. Both follow at
///   most 64 types from one edge, and none through a generic struct; what they do not see is found when the program
///   starts
/// - `lifecycle::lints::bad_attribute`: a key that is unknown, given twice, or has a value of the wrong kind; a duration
///   that is none, or zero; an order beyond `i32`; `no_teardown` without a reason, or next to a field's teardown; an
///   enum, a union, or a struct with a lifetime
///
/// A struct that is not `Send`, `Sync` and `'static` cannot be a resource, as any thread may tear it down.
pub use shutdown_macros::resource;
/// Completes an `impl Teardown`: it adds `type Output` from the signature of `teardown`.
///
/// ```
/// use lifecycle::{Slot, Teardown};
/// use tokio::task::JoinHandle;
///
/// #[lifecycle::resource]
/// struct Worker {
///     task: Slot<JoinHandle<()>>,
/// }
///
/// #[lifecycle::teardown]
/// impl Teardown for Worker {
///     async fn teardown(&self) -> Result<(), tokio::task::JoinError> {
///         match self.task.take() {
///             Some(task) => task.await,
///             None => Ok(()),
///         }
///     }
/// }
/// # let _ = Worker { task: Slot::empty() };
/// ```
///
/// `teardown` returns `()`, or a `Result` whose error can be displayed; an error is reported. It takes `&self`, since
/// clones of the handle may still be in use; what is released by value goes into a [`Slot`](crate::Slot).
///
/// `#[lifecycle::teardown(crate = path)]` says where this crate is, if it is not `::lifecycle`.
///
/// # Errors
///
/// All are found by the compiler, each at the token at fault:
///
/// - [`lifecycle::lints::stray_teardown`](crate::lints::stray_teardown): on anything else than an `impl Teardown for ..`
/// - `lifecycle::lints::bad_attribute`: `teardown` is missing, is not async, has a receiver other than `&self`, further
///   arguments or generics, or returns something else
pub use shutdown_macros::teardown;
