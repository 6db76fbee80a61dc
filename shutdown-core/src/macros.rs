//! The attributes. Their docs are here, because their examples run only in this crate.

/// Lets resources look into a plain struct or enum that they hold.
///
/// The lint [`unreleased_field`](crate::lints::unreleased_field) then checks its fields, and a
/// [`Managed`](crate::Managed) handle inside of it is a dependency.
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
/// Derive it on nested plain structs too: the derive sees only the types of its own fields. A struct without the derive
/// hides its fields from the lint.
///
/// A handle of the resource's own type inside a plain struct does not order instances. Call `a.depends_on(&b)` instead.
///
/// # Keys
///
/// | key | place | meaning |
/// |---|---|---|
/// | `#[holds(skip = "why")]` | a field | ignores the field |
/// | `#[holds(allow(unknown_client))]` | the item | no warning about a [client that no feature knows](crate::lints::unknown_client) |
/// | `#[holds(crate = path)]` | the item | the path of this crate, if it is not `::lifecycle` |
pub use shutdown_macros::Holds;
/// Tells the lint about types of other crates, for the resources of your crate.
///
/// The list stands in the root of the crate: in `main.rs` or `lib.rs`. Resources in every module of the crate then know
/// the types, also in wrappers such as `Option`, `Arc` or `Vec`. [`unreleased_field`](crate::lints::unreleased_field)
/// checks fields of these types, and a bare `#[teardown]` releases them.
///
/// Each entry is written as the arguments of [`needs_release!`](crate::needs_release), and ends with a semicolon.
///
/// ```standalone_crate
/// # mod rocks { pub struct Db; impl Db { pub fn flush(&self) -> Result<(), String> { Ok(()) } } }
/// # mod queue { pub struct Producer<T>(pub T); impl<T> Producer<T> { pub async fn drain(&self) {} } }
/// # mod lite { pub struct Connection; impl Connection { pub fn close(self) -> Result<(), String> { Ok(()) } } }
/// lifecycle::known_types! {
///     rocks::Db, "the writes that are still in memory", "flush", blocking;
///     impl<T: Send + Sync + 'static> queue::Producer<T>, "the messages that are still buffered", "drain";
///     lite::Connection, "the checkpoint of its log", "close", blocking, take;
/// }
///
/// mod storage {
///     use lifecycle::Slot;
/// #   use super::{lite, queue, rocks};
///
///     #[lifecycle::resource]
///     pub struct Storage {
///         #[teardown] // calls `flush` on a blocking thread
///         db: Option<rocks::Db>,
///         #[teardown] // calls `drain`, and awaits it
///         producer: queue::Producer<String>,
///         #[teardown] // takes the connection out of the slot, and calls `close`
///         connection: Slot<lite::Connection>,
///     }
/// #   pub fn new() -> Storage {
/// #       Storage { db: Some(rocks::Db), producer: queue::Producer(String::new()), connection: Slot::new(lite::Connection) }
/// #   }
/// }
/// # fn main() { drop(storage::new()) }
/// ```
///
/// The list may stand in another file. Re-export its name in the root then: `pub(crate) use known::LifecycleKnownTypes;`.
/// It does not reach other crates: each crate has a list of its own. A type that `lifecycle` knows already cannot be
/// listed again. rustc then reports conflicting implementations.
#[doc(alias = "foreign types")]
pub use shutdown_macros::known_types;
/// Makes an `async fn main` the main function of a service that stops gracefully.
///
/// The attribute installs the signal handlers before any other code runs, builds the tokio runtime, and runs the stop:
/// lame duck, drain, cleanup, flush, exit. The process is gone within `grace` of the first request to stop.
///
/// ```no_run
/// #[lifecycle::main(grace = "30s", lame_duck = "5s")]
/// async fn main() -> Result<(), std::io::Error> {
///     let listener = std::net::TcpListener::bind("127.0.0.1:8080")?;
///     drop(listener);
///     Ok(())
/// }
/// ```
///
/// # Keys
///
/// | key | meaning | default |
/// |---|---|---|
/// | `grace = "30s"` | total time from the stop request until the process is gone (grace period) | 25 s |
/// | `lame_duck = "5s"` | part of grace in which the service still works, but its readiness probe fails | 0 s |
/// | `flavor = "current_thread"` | runtime: `"multi_thread"` or `"current_thread"` | `"multi_thread"` |
/// | `worker_threads = 4` | worker threads of a multi-thread runtime, 1 to 65535 | one for each CPU |
/// | `max_blocking_threads = 64` | largest number of threads for blocking calls | 512, as in tokio |
/// | `thread_name = "shop"` | name of the threads of the runtime | tokio's default |
/// | `job` | batch job: ready from the start, without a lame duck | a service |
/// | `signals(SIGTERM, SIGUSR1)` | signals that ask for a stop | `SIGTERM`, `SIGINT`, `SIGHUP` |
/// | `report = "json"` | report on stderr: `"text"`, `"json"` or `"off"` | `"text"` |
/// | `observer = audit` | function or closure that receives each [`Fact`](crate::Fact), or an array of several | none |
/// | `provide = settings()` | value that is [provided](crate::provide) before the arguments start, or an array of several | none |
/// | `crate = path` | path of this crate | `::lifecycle` |
///
/// A duration is one or more pairs of a number and a unit: `"500ms"`, `"30s"`, `"1m 30s"`, `"2h"`. The shortest grace is
/// 10 ms.
///
/// A value may also be an expression, such as a constant or a call. Its type is the type of the argument of the
/// [`Process`](crate::Process) method with the same name. The compiler checks literals, and the start checks expressions.
///
/// ```
/// use std::time::Duration;
///
/// const GRACE: Duration = Duration::from_secs(30);
///
/// fn threads() -> usize {
///     2
/// }
///
/// #[lifecycle::main(grace = GRACE, worker_threads = threads())]
/// async fn main() {}
/// ```
///
/// An observer has the type of [`Process::observer`](crate::Process::observer). A note in the report names it by its path,
/// or by the place of the attribute if it is a closure. Its last fact has the report:
///
/// ```
/// use lifecycle::{Fact, FactKind};
///
/// fn audit(fact: &Fact) {
///     if let FactKind::Sealed { report, .. } = &fact.kind {
///         println!("the service has stopped within {:?}", report.took);
///     }
/// }
///
/// #[lifecycle::main(observer = [audit, |fact| println!("{fact:?}")])]
/// async fn main() {}
/// ```
///
/// # Arguments
///
/// An argument of `main` is a handle of a resource that starts before `main` runs, with all that it
/// [needs](macro@crate::start). If one does not start, `main` does not run.
///
/// A value of the key `provide` is an expression that may await. It is a resource, or a `Result` of one whose error is
/// `Display`. An error is a failed start: the status is 1. A value that is missing ends the program with status 78, before
/// anything has started.
///
/// ```
/// use lifecycle::{Managed, Start};
///
/// #[lifecycle::resource(provided, no_teardown = "memory only")]
/// struct Settings {
///     address: String,
/// }
///
/// impl Settings {
///     fn read() -> Result<Settings, std::env::VarError> {
///         Ok(Settings { address: "127.0.0.1:5432".to_owned() })
///     }
/// }
///
/// #[lifecycle::resource(no_teardown = "memory only")]
/// struct Orders;
///
/// #[lifecycle::start(timeout = "5s", retry = "30s")]
/// impl Start for Orders {
///     async fn start(settings: Managed<Settings>) -> std::io::Result<Orders> {
///         println!("connects to {}", settings.address);
///         Ok(Orders)
///     }
/// }
///
/// #[lifecycle::main(provide = Settings::read())]
/// async fn main(orders: Managed<Orders>) {
///     let _: &Orders = &orders;
/// }
/// ```
///
/// Use [`Process`](crate::Process) in a plain `fn main` for values from the command line or from a file, and for a
/// [`tokio::runtime::Builder`] of your own. The attribute expands to calls of its methods.
///
/// # Threads
///
/// Every thread of the process is inside the lifecycle, also a plain thread and a thread of another runtime. So
/// [`spawn`](crate::spawn), [`manage`](crate::manage), [`draining`](crate::draining) and
/// [`is_stopping`](crate::is_stopping) work in a library that builds its own runtimes, and in a server such as actix-web
/// with its own threads.
///
/// # Environment
///
/// | variable | effect |
/// |---|---|
/// | `LIFECYCLE_GRACE`, `LIFECYCLE_LAME_DUCK` | override the keys. A number without a unit means seconds |
/// | `LIFECYCLE_PLAN` = `tree`, `dot`, `mermaid` or `json` | prints the plan of the declared resources, and exits with 0 before `main` runs |
/// | `LIFECYCLE_REPORT` = a path | appends one line of JSON for each fact: see [`last_stop`](crate::last_stop) |
/// | `NOTIFY_SOCKET`, `WATCHDOG_USEC`, which systemd sets | with the feature `systemd`: tell the service manager what happens |
/// | `FDSTORE`, which systemd sets since version 254 | with the feature `systemd`: [store the listeners](crate::platforms#the-listeners-of-a-service), if the value is above 0 |
/// | `LIFECYCLE_TERMINATION_LOG` = a path | the termination log, if it is not `/dev/termination-log` |
/// | `LIFECYCLE_DRILL` = `hang:orders-db` | with the feature `testing`: plants a fault, for a drill (`testing::drill_program`) |
///
/// The plan names generic resources, but cannot show their place: only a running program knows their types.
///
/// # The plan as JSON
///
/// `LIFECYCLE_PLAN=json` prints one object, for a check that compares the program with its manifest. Its times are those in
/// effect, also those of `LIFECYCLE_GRACE` and `LIFECYCLE_LAME_DUCK`:
///
/// ```console
/// $ LIFECYCLE_PLAN=json ./checkout | jq -e '.error == null and .grace_ms < 30000'
/// true
/// ```
///
/// | key | value |
/// |---|---|
/// | `grace_ms` | grace. It is the sum of `at_notice_ms`, `lame_duck_ms`, `drain_ms` and the four reserves |
/// | `at_notice_ms` | the longest time of the hooks [at the notice](macro@resource#at-the-notice), and 0 if no resource declares one |
/// | `lame_duck_ms` | the lame duck, at most until the end of the drain |
/// | `drain_ms` | the drain after the whole time of the hooks and the whole lame duck |
/// | `reserves.cut_ms` | the time in which work that was cut off is dropped |
/// | `reserves.cleanup_ms`, `reserves.flush_ms` | the time of the cleanup and of the flush, if each declared resource is managed once |
/// | `reserves.margin_ms` | the time for the report |
/// | `warnings` | an array of the warnings that the start would print |
/// | `error` | why the program would refuse to start with status 78, or null |
/// | `resources` | an array of `name`, `order`, `timeout_ms`, `at_notice`, `last`, `before`, or of `name` and `generic` for a generic resource |
///
/// `order`, `timeout_ms` and `at_notice` are null if the program declares none. `at_notice` is the name of the method. `before` is an array of `name` and `why`.
///
/// A variable with an empty value is unset. A variable with a wrong value ends the process with status 78 and one line on
/// stderr. If `LIFECYCLE_GRACE` is too short for the declared time-outs or for the lame duck, they are scaled, with a
/// warning at the start and in the report.
///
/// # Signals
///
/// - The first signal begins the stop. `SIGINT`, which a terminal sends, skips the lame duck. Hooks at the notice run in
///   both cases.
/// - A second signal, at least 250 ms later, ends lame duck and drain, and leaves 3 s for the rest.
/// - A third signal kills the process.
/// - `SIGHUP` requests a reload if the program takes [`reloads`](crate::reloads). Else it stops a program that had a controlling
///   terminal when it started, or that names it in `signals`. A program without a terminal ignores it, with a warning in the
///   log, because a service manager sends it to request a reload.
///
/// On Windows console events take the place of signals: Ctrl-C of `SIGINT`, and Ctrl-Break, a close of the console, a
/// logoff and a shutdown of `SIGTERM`. See [`platforms`](crate::platforms#console-events).
///
/// A signal that was ignored when the program started stays ignored. Examples are `SIGHUP` under `nohup`, and `SIGINT` in
/// a background job of a script. A line on stderr says so if the signal is `SIGTERM`. Before [`ready`](crate::ready), the
/// first signal drops `main` at its next await.
///
/// # Exit
///
/// - The report is written to stderr. A program that returns before [`ready`](crate::ready) without having managed
///   anything, for `--version`, prints none.
/// - A blocking call that nobody tracks, such as a read of stdin, is left after 50 ms. The report has a note. A worker that
///   does not end within 750 ms is a fault, with status 70.
/// - Exit handlers of C libraries have 1 s, and at most half of the time left.
/// - `std::process::exit` skips the stop. A line on stderr then tells how many instances were not torn down. Call
///   [`shutdown`](crate::shutdown) or [`fail`](crate::fail) instead, also in a panic hook. `abort` skips that line, too.
///
/// # In a container
///
/// As PID 1, the program is the parent of every orphan in the container, and orphans that have ended stay zombies. This
/// crate does not reap them, because it would take the exit status from other code that waits for its children. Run the
/// container with `docker run --init`, or with a small init such as tini, if the service starts programs that start
/// programs. Kubernetes does the same with `shareProcessNamespace: true`.
///
/// # Inside and outside of a lifecycle
///
/// Each thread of the process is inside the lifecycle: the threads of the runtime, plain threads, and the threads of other
/// runtimes, such as those of actix-web or of a library. "Outside of a lifecycle" is only a program or a test without this
/// attribute, where neither [`Lifecycle::run`](crate::Lifecycle::run) nor [`Lifecycle::scope`](crate::Lifecycle::scope) is
/// around the call.
///
/// ```
/// #[lifecycle::main]
/// async fn main() {
///     // A library that builds a runtime of its own, on a thread of its own.
///     let library = std::thread::spawn(|| {
///         let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
///         runtime.block_on(async {
///             assert!(!lifecycle::is_stopping());
///             lifecycle::shutdown("the library has ended");
///             lifecycle::stopping().await;
///         });
///     });
///     lifecycle::stopping().await;
///     library.join().unwrap();
/// }
/// ```
///
/// A task of [`spawn`](crate::spawn) runs on the runtime of the process, and the drain waits for it. A task of `tokio::spawn`
/// runs on the runtime that spawns it.
///
/// # Return type
///
/// `main` may return `()`, `Result<(), E>` where `E: Debug`, or any [`std::process::Termination`]. The report contains
/// an error of `main`, and the exit status is 1. The future of `main` need not be `Send`.
///
/// # Errors
///
/// The compiler reports each of these as [`bad_attribute`](crate::lints::bad_attribute):
///
/// - A key that is unknown, that occurs twice, or that has a value of the wrong kind.
/// - A `grace` below 10 ms, or a `lame_duck` that is not shorter than grace.
/// - `worker_threads` with a `current_thread` runtime, or a `lame_duck` with `job`.
/// - A signal that cannot ask for a stop: `SIGKILL` and `SIGSTOP`, which no program receives; `SIGPIPE`, which a
///   Rust program ignores; and `SIGSEGV`, `SIGBUS`, `SIGFPE` and `SIGILL`, after which a program cannot continue.
/// - A function that is not called `main`, is not async, or has arguments or generics.
/// - An attribute of another runtime above or below, such as `#[tokio::main]`.
#[doc(alias = "graceful shutdown")]
pub use shutdown_macros::main;
/// Declares that values of a type of yours need release.
///
/// The lint [`unreleased_field`](crate::lints::unreleased_field) then checks fields of the type, and a bare
/// `#[teardown]` releases them.
///
/// The arguments are the type, a text that says what is lost without release, and the method that releases it. The method
/// takes `&self`. If it returns a future, the teardown awaits it. If the result is an error, the report lists it.
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
///     #[teardown] // calls `flush`; without the attribute this does not compile
///     events: Option<Events>,
/// }
/// # let _ = Audit { events: Some(Events) };
/// ```
///
/// Three options may follow the method:
///
/// - `blocking` runs it on a blocking thread.
/// - `take` says that the method takes `self`. A field is then a [`Slot`](crate::Slot) of the type.
/// - `crate = path` is the path of this crate.
///
/// A generic type needs its parameters in front: `needs_release!(impl<T: Send + Sync + 'static> Pool<T>, .., ..)`. The
/// type has to be of your own crate. For a type of another crate use [`known_types!`](crate::known_types).
pub use shutdown_macros::needs_release;
/// Makes a struct a resource, which is torn down when the service stops.
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
/// // Holds a `Database`, so it is torn down before the `Database`.
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
/// | key | meaning |
/// |---|---|
/// | `order = 2` | starts after every resource with a smaller order has ended; any `i32` |
/// | `depends_on(A, b::B)` | torn down before any `A` or `B`; a field `Managed<A>` declares the same |
/// | `timeout = "5s"` | time limit for the teardown of one instance |
/// | `name = "orders-db"` | name in logs and reports; defaults to the name of the struct |
/// | `last` | torn down in the flush, after everything else: telemetry, logs |
/// | `provided` | the program makes the value, and passes it to [`provide`](crate::provide): no `impl Start` |
/// | `ready = ping` | a method that the [readiness probe](#readiness) asks |
/// | `at_notice = deregister` | calls this method when the stop begins: see [at the notice](#at-the-notice) |
/// | `no_teardown = "why"` | there is nothing to release; the text says why |
/// | `allow(unknown_client)` | no warning about a [client that no feature knows](crate::lints::unknown_client) |
/// | `crate = path` | path of this crate; defaults to `::lifecycle` |
///
/// The time-outs along a chain of dependencies have to fit into grace together. Otherwise the process refuses to start,
/// with exit status 78. After a second signal a teardown may get less time than its `timeout`.
///
/// # At the notice
///
/// A service that other services find by a registry has to leave the registry before its lame duck counts. The key
/// `at_notice` names a method of the struct that runs at the notice. Use it for a deregistration, or for a lease that others
/// wait for.
///
/// ```
/// use lifecycle::{Lifecycle, Teardown};
/// use std::time::Duration;
///
/// #[lifecycle::resource(at_notice = deregister)]
/// struct Registration {
///     service: &'static str,
/// }
///
/// impl Registration {
///     async fn deregister(&self) -> Result<(), std::io::Error> {
///         println!("no new client is sent to {}", self.service);
///         Ok(())
///     }
/// }
///
/// #[lifecycle::teardown]
/// impl Teardown for Registration {
///     async fn teardown(&self) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let report = Lifecycle::builder()
///     .lame_duck(Duration::from_millis(20))
///     .run(async {
///         lifecycle::manage(Registration { service: "shop" });
///         lifecycle::ready();
///         lifecycle::shutdown("the example is over");
///         lifecycle::stopping().await;
///     })
///     .await;
/// assert!(report.instances[0].at_notice.is_some());
/// # }
/// ```
///
/// The method takes `&self`, may be async, and returns `()` or `Result<(), E>` where `E: Display`. All hooks run at once,
/// on the runtime of the program, after readiness has become 503. The service still works meanwhile.
///
/// | a stop | its hooks run |
/// |---|---|
/// | with a lame duck, also one of zero | before the lame duck, whose time counts from the end of the last hook |
/// | by SIGINT, by the end of `main`, of a job, or before `ready()` | during the drain, which begins at once |
///
/// The hooks have `min(5 s, grace/5)`, and not more than the time until the drain ends. They use no time of the cleanup and
/// the flush. So the lame duck ends at the latest `min(5 s, grace/5)` + `lame_duck` after the request: with grace 30 s and a
/// lame duck of 5 s after 5 s + 5 s = 10 s.
///
/// - The report lists an error, a panic or a time-out of the hook, in a row of its own, and the exit status is 70. The stop
///   goes on.
/// - The teardown of the instance follows the end of its hook, also by [`release`](crate::Managed::release). A hook that is
///   out of time is dropped at its next await. After at most 50 ms more, the stop no longer waits for one that blocks.
/// - A second signal ends the hooks together with the drain.
/// - The hook runs once for each instance that is managed when the stop begins. It runs at once for an instance that is
///   managed later, before the cleanup. It does not run for an instance that was released before the stop. The teardown
///   runs in each case, so let it tolerate that the hook has not run.
///
/// # Fields
///
/// | attribute of a field | step of the teardown |
/// |---|---|
/// | `#[teardown(close)]` | calls `self.field.close()`, and awaits the result if it is a future |
/// | `#[teardown(close(200, "bye".into()))]` | calls it with arguments, in which `self` is the resource |
/// | `#[teardown(lock().await.shutdown())]` | evaluates any expression that can follow `self.field.` |
/// | `#[teardown(sync_all, blocking)]` | calls it on a blocking thread |
/// | `#[teardown(close, take)]` | takes the value out of its [`Slot`](crate::Slot), and calls a method that takes `self` |
/// | `#[teardown]` | releases a [known type](crate::lints::unreleased_field), also inside `Option`, `Arc`, `Box`, `Vec`, maps and arrays |
/// | `#[teardown(skip = "why")]` | nothing |
///
/// If the struct implements [`Teardown`](trait@crate::Teardown), that step runs first. The steps of the fields follow in
/// the order of declaration. The steps are isolated from each other: the report lists an error or a panic, and the next
/// step runs.
///
/// # Readiness
///
/// `ready = ping` names a method that takes `&self`, async or not. `/readyz` of
/// [`http::probes`](crate::http::probes()) asks it of each managed instance.
///
/// ```
/// # struct Pool;
/// # impl Pool {
/// #     async fn acquire(&self) -> Result<(), std::io::Error> { Ok(()) }
/// #     async fn close(&self) {}
/// # }
/// #[lifecycle::resource(ready = ping)]
/// struct Database {
///     #[teardown(close)]
///     pool: Pool,
/// }
///
/// impl Database {
///     async fn ping(&self) -> Result<(), std::io::Error> {
///         self.pool.acquire().await
///     }
/// }
/// ```
///
/// | the method returns | the instance |
/// |---|---|
/// | `()`, `true`, `Ok(())`, `Ok(true)` | is ready |
/// | `false`, `Ok(false)` | is not ready |
/// | `Err(error)` | is not ready, and `/readyz?verbose` has the text of the error |
/// | nothing within 1 s, or it panics | is not ready |
///
/// - Any number of probes ask an instance once a second. All instances are asked at once.
/// - A method that blocks its thread holds up no worker, because it runs on a thread for blocking code. An instance is not
///   ready if no such thread is free within 1 s.
/// - On a current-thread runtime the method runs on the only thread. One that blocks it blocks the whole service, as any
///   other code does.
/// - Nobody is asked before [`ready`](crate::ready), once the stop has made `/readyz` fail, or after the teardown of the
///   instance has begun. A check that is running then is dropped at its next await, and the teardown does not wait for it.
/// - An instance that was [released](crate::Managed::release) does not count any more.
/// - A check should ask for something that only this instance lacks. If all instances of a service ask the same database, and
///   it is slow, then none of them is ready.
///
/// # Dependencies
///
/// The type of a field decides what it holds, so an alias works. Handles are found inside `Option`, `Arc`, `Vec` and
/// `Box`. Use `depends_on` for a handle that no type shows: inside a `dyn Trait`, in a plain struct without
/// [`derive(Holds)`](crate::Holds), or in a type parameter. A handle of the struct's own type orders instances, not types.
///
/// In a generic struct every type parameter must be `Send + Sync + 'static`. An `impl Teardown` next to attributes of
/// fields must hold for all type parameters: an impl for special ones would not be found.
///
/// A resource has to be `Send`, `Sync` and `'static`, because any thread may tear it down.
///
/// # Errors
///
/// The compiler reports each error at the token at fault:
///
/// - [`missing_teardown`](crate::lints::missing_teardown): there is no `impl Teardown`, no attribute of a field, and no
///   `no_teardown`.
/// - [`unreleased_field`](crate::lints::unreleased_field): a field has a known type that needs release. It has no
///   attribute, and the body of `teardown` does not name it.
/// - [`not_a_resource`](crate::lints::not_a_resource): a type in `depends_on` is not a resource.
/// - [`dependency_cycle`](crate::lints::dependency_cycle): resources depend on each other.
/// - [`order_contradiction`](crate::lints::order_contradiction): by `order` or `last`, a dependency would be torn down
///   before what depends on it.
/// - [`bad_attribute`](crate::lints::bad_attribute): a key is unknown, occurs twice, or has a wrong value; the method of
///   `ready` returns another type than `()`, `bool` or a `Result` of them; `no_teardown` has no reason, or a field has a teardown as well; the item is an enum, a union, or a struct with a lifetime.
///
/// The compiler warns of one thing, [`unknown_client`](crate::lints::unknown_client): a field looks like a handle of a
/// known client, and no feature that is turned on knows its type.
///
/// From each edge the compiler follows at most 64 types, and none through a generic struct. The process checks the whole
/// plan when it starts.
pub use shutdown_macros::resource;
/// Registers how a resource starts, and what has to start before.
///
/// The arguments of `start` are handles of resources. Each of them starts before this resource, and is torn down after
/// it. [`start`](crate::start()) starts a resource with all that it needs.
///
/// # Keys
///
/// | key | meaning | default |
/// |---|---|---|
/// | `timeout = "5s"` | the longest time of one attempt. A longer one is dropped at its next await, and has failed | none |
/// | `retry = "30s"` | the time in which a failed attempt is followed by another, from the first attempt on. The wait is random: 100 ms to 200 ms at first, then up to a limit that doubles, at most 1 s | no second attempt |
/// | `crate = path` | the path of this crate, if it is not `::lifecycle` | `::lifecycle` |
///
/// An attempt that blocks its thread cannot be dropped. No other attempt begins before it ends, and the start fails at the
/// end of `retry`.
///
/// A start without a `timeout` that hangs holds up everything that needs it until the stop.
///
/// `start` returns the resource, or a `Result` whose error is `Display`.
///
/// # Errors
///
/// The compiler reports each error at the token at fault:
///
/// - [`missing_start`](crate::lints::missing_start): an argument is a resource that has no `impl Start`, and is not `provided`.
/// - [`dependency_cycle`](crate::lints::dependency_cycle): resources need each other.
/// - [`order_contradiction`](crate::lints::order_contradiction): by `order` or `last`, an argument would be torn down
///   before this resource.
/// - [`bad_attribute`](crate::lints::bad_attribute): `start` is missing, is not async, has a `self` or generics, takes
///   something that is not a handle, or returns another type.
pub use shutdown_macros::start;
/// Completes an `impl Teardown`: derives `type Output` from the signature of `teardown`.
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
/// `teardown` returns `()`, or a `Result` whose error is `Display`. The report lists an error. The method takes `&self`,
/// because other code may still hold a clone of the handle. Keep a value that is released by value in a
/// [`Slot`](crate::Slot).
///
/// `#[lifecycle::teardown(crate = path)]` sets the path of this crate, if it is not `::lifecycle`.
///
/// # Errors
///
/// The compiler reports each error at the token at fault:
///
/// - [`stray_teardown`](crate::lints::stray_teardown): the item is not an `impl Teardown for ..`.
/// - [`bad_attribute`](crate::lints::bad_attribute): `teardown` is missing, is not async, has a receiver other than
///   `&self`, has more arguments or generics, or returns another type.
pub use shutdown_macros::teardown;

/// Runs an async test in a lifecycle of its own, and requires a clean stop at its end.
///
/// The body of the test is inside the lifecycle, and so is each task that it spawns by `tokio::spawn`. So a test manages
/// resources as the service does. When the body ends, the lifecycle is stopped, and everything is torn down.
///
/// The test fails
///
/// - if its body panics, or returns an error;
/// - if the report is not clean: a teardown failed or timed out, work was cut off, or the plan is invalid. The message is
///   the waterfall;
/// - if a task has panicked, also one whose `JoinHandle` was dropped.
///
/// The last two do not apply if the test takes the report by [`testing::report`](crate::testing::report), which stops the
/// lifecycle, or has the key `report = "any"`.
///
/// ```
/// use lifecycle::assert_torn_down;
/// use lifecycle::testing::report;
///
/// #[lifecycle::test(grace = "5s", clock = "paused")]
/// async fn the_outbox_is_empty_before_the_journal_closes() {
///     let journal = lifecycle::defer("journal", async || {});
///     lifecycle::Deferred::new("outbox").uses(&journal).run(async || {});
///     tokio::spawn(async {
///         lifecycle::stopping().await; // is inside the lifecycle too
///     });
///     let report = report().await;
///     assert_torn_down!(report, ["outbox", "journal"]);
/// }
/// # // A doctest has no test runner.
/// # fn main() {}
/// ```
///
/// Each test has a runtime of one thread, so that tests run in parallel with each other, under `cargo test` and under
/// nextest.
///
/// # Keys
///
/// | key | default | meaning |
/// |---|---|---|
/// | `grace = "5s"` | 25 s | the total time that the stop may take |
/// | `lame_duck = "1s"` | 0 s | how long everything still works after the begin of the stop |
/// | `clock = "paused"` | `"real"` | tokio's paused clock: a test of a time-out of 30 s takes milliseconds |
/// | `report = "any"` | `"clean"` | accepts each report |
/// | `crate = path` | `::lifecycle` | the path of this crate |
#[cfg(feature = "testing")]
pub use shutdown_macros::test;
