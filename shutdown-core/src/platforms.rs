//! What to set where a service runs, and what works on Linux, macOS and Windows.
//!
//! # Where a service runs
//!
//! A platform stops a service by a signal, and kills it after a time. Three settings have to fit:
//!
//! - The signal is SIGTERM. SIGINT skips the lame duck, because a terminal sends it.
//! - The grace is shorter than the time after which the platform kills the service. The default of 25 s fits into 30 s.
//! - The lame duck is as long as the platform may still send requests after the signal.
//!
//! | platform | signal | kills after | who takes the endpoint out, and when | what to set |
//! |---|---|---|---|---|
//! | Kubernetes | SIGTERM, after the `preStop` hook | `terminationGracePeriodSeconds`: 30 s, with the hook | the control plane, at the same time as the hook or the signal. The nodes learn of it within seconds | `lame_duck = "5s"`, no `preStop` hook that sleeps, `LIFECYCLE_GRACE` next to `terminationGracePeriodSeconds` |
//! | Amazon ECS with an ALB | SIGTERM, or the `STOPSIGNAL` of the image | `stopTimeout`: 30 s, at most 120 s on Fargate | the scheduler of the ECS service, before the signal: it waits for `deregistration_delay.timeout_seconds` (300 s) | no lame duck, `stopTimeout` above grace, a `deregistration_delay` as long as the longest request |
//! | Cloud Run | SIGTERM | 10 s, fixed | Cloud Run, before the signal: it mostly stops instances without requests | `LIFECYCLE_GRACE=9s`, no lame duck |
//! | Fly | SIGINT: `kill_signal` | `kill_timeout`: 5 s | Fly Proxy, which may learn of it seconds after the signal | `kill_signal = "SIGTERM"`, `kill_timeout = 30`, `lame_duck = "5s"` |
//! | Nomad | SIGINT: `kill_signal`. The Docker driver: SIGTERM, or the `STOPSIGNAL` of the image | `kill_timeout`: 5 s, at most the client's `max_kill_timeout` of 30 s | Nomad, `shutdown_delay` (0 s) before the signal | `kill_signal = "SIGTERM"`, `kill_timeout = "30s"`, and either `shutdown_delay = "5s"` or `lame_duck = "5s"` |
//! | Heroku | SIGTERM to every process, perhaps more than once | 30 s, fixed | Heroku's router. Requests may arrive after the signal | grace of 25 s, `lame_duck = "5s"` |
//! | Docker, Compose | SIGTERM, or `STOPSIGNAL` | 10 s: `docker stop --timeout`, `stop_grace_period` | nobody | `LIFECYCLE_GRACE=9s`, or `stop_grace_period: 30s`; no lame duck, unless a proxy checks `/readyz` |
//! | systemd | SIGTERM: `KillSignal` | `TimeoutStopSec`: 90 s | nobody. A socket unit, or the [store](#the-listeners-of-a-service), keeps new clients waiting | `TimeoutStopSec` of grace and 5 s, `KillMode=mixed`, no lame duck: see [systemd](#systemd) |
//!
//! The times are defaults. The rows of Kubernetes and systemd were tried, and the other rows come from the manuals. Sources:
//!
//! - Kubernetes, "Pod Lifecycle" and "Explore Termination Behavior for Pods And Their Endpoints"
//! - Amazon ECS, "Updating a service", "Optimize load balancer connection draining parameters", and the parameter
//!   `stopTimeout` of a container definition
//! - Google Cloud, "Graceful shutdowns on Cloud Run: Deep dive"
//! - Fly, "App configuration (fly.toml)"
//! - Nomad, "Configure exit signals for jobs", and the blocks `task` and `client`
//! - Heroku, "Dyno Shutdown Behavior"
//! - Docker, "docker container stop"
//! - systemd, `systemd.kill(5)` and `systemd.service(5)`
//!
//! Notes on single rows, and on all of them:
//!
//! - **Kubernetes** removes the endpoint and sends the signal at the same time, and does not wait for the nodes. The lame duck
//!   covers the difference. The removal needs no failed readiness probe. A load balancer outside of the cluster may need one.
//!   A readiness probe of the kind `grpc: { port: 8080 }` works too: [`http::probes`](crate::http::probes()) answers it over
//!   HTTP/2. A liveness probe has to ask `/livez` over HTTP. The answer of gRPC is `NOT_SERVING` during a stop, and Kubernetes would
//!   end the container early.
//! - **ECS** waits for the load balancer if the scheduler of the service stops the task. A task that an operator stops, or that
//!   loses its Spot capacity, receives the signal at once. A service with such tasks needs a lame duck.
//! - **Heroku** may send SIGTERM again. A signal at least 250 ms after the first one ends lame duck and drain, and leaves 3 s
//!   for the rest. A request that takes longer than the time between the two signals may be cut off.
//! - **Everywhere** the program has to be the process that receives the signal. A shell does not pass a signal on. Write
//!   `exec program` in a script, and use the array form of `CMD` and `ENTRYPOINT` in a Dockerfile.
//!
//! ## The only endpoint of a service
//!
//! A failed readiness check moves clients to another instance. Without another instance, the load balancer answers
//! them with an error for the whole lame duck, although the service still serves. This happens with one replica, with a rollout that stops the
//! old instance first (`Recreate`), and if all replicas stop at the same time.
//!
//! So `/readyz` should stay 200 during the lame duck of a service with one endpoint: call `ready_in_lame_duck()` on the
//! probes. On Kubernetes, `kube-proxy` then sends requests to a terminating pod as long as it is ready and no other pod is
//! (KEP-1669, Kubernetes 1.28). The better remedy is a second replica.
//!
//! ## A check in the build
//!
//! `LIFECYCLE_PLAN=json` prints the times of a stop in milliseconds, as the environment configures them: see
//! [`main`](macro@crate::main#the-plan-as-json). So a test can compare a program with its manifest:
//!
//! ```console
//! $ LIFECYCLE_GRACE=25s LIFECYCLE_PLAN=json ./checkout | jq -e '.error == null and .grace_ms < 30000'
//! true
//! ```
//!
//! The example `checkout` in the repository has manifests for Kubernetes (`examples/checkout/kubernetes`), and such a test
//! (`examples/checkout/tests/kubernetes.rs`).
//!
//! # systemd
//!
//! With the feature `systemd`, the program tells the service manager when it is ready, what a stop waits for, and when it
//! reloads. It feeds the watchdog, and extends `TimeoutStopSec` while a stop makes progress. No code is needed for that. This
//! is the unit file of the example `checkout`, whose grace is 10 s:
//!
//! ```text
#![doc = include_str!("platforms/checkout.service")]
//! ```
//!
//! | setting | value | reason |
//! |---|---|---|
//! | `Type` | `notify` | `systemctl start` returns after [`ready`](crate::ready()), and a start-up that fails is a failed unit |
//! | `TimeoutStopSec` | grace + 5 s | the [watchdog of the program](crate::Process) ends the process after grace. SIGKILL is for a process that the kernel holds |
//! | `KillMode` | `mixed` | the teardowns stop the child processes, in the order of the plan |
//! | `WatchdogSec` | 30 s | a runtime that answers no task for 30 s is ended by SIGABRT, also in a stop. A long drain is not |
//! | `Restart` | `on-failure` | every exit status but 0 is a failure |
//! | `RestartPreventExitStatus` | 78 | the plan or the configuration is invalid |
//! | `FileDescriptorStoreMax` | twice the number of listeners | see the next section. An old listener stays for 10 s after a change of its address |
//!
//! `systemctl status` shows the stage of a stop: "draining: `main`; 18s left". An earlier end of the service
//! is in the journal, and in the file of `LIFECYCLE_REPORT`.
//!
//! ## The listeners of a service
//!
//! systemd stores the listeners of a service whose unit file has `FileDescriptorStoreMax`. It passes them to the next process
//! of the service, so a restart or a crash refuses no client. `net::listen` needs no code for that, and a `.socket` unit is
//! not necessary.
//!
//! - The environment variable `FDSTORE` turns the store on. systemd 254 and later sets the variable. The unit file sets the
//!   variable for earlier versions.
//! - `net::listen` stores what it binds, under the name `lifecycle-` and the address. The next call with the same address, in
//!   the next process, takes the listener over. `:` is written as `%3A`.
//! - A restart is as follows: the drain accepts each client that is in the accept queue when it begins. Later clients stay in
//!   the queue, and the next process accepts them. They wait for the rest of the stop and for the start-up, which is at most
//!   grace and the time of the start-up.
//! - A stop without a restart: systemd closes the listener when the process has ended. Clients that have connected since the
//!   drain began are then reset. systemd does not tell a service whether a restart follows. A balancer and a lame duck keep
//!   new clients away.
//! - A crash, an error of `main` and a panic leave the listeners in the store. Requests that the process had accepted are lost.
//! - A listener that the program closes while the service goes on leaves the store: at once if its server ends alone
//!   (`http::Server::until`), and 1 s after it was dropped otherwise.
//! - A stored listener whose address changed in the configuration leaves the store when it is in the way of the new address,
//!   or 10 s after the service is ready.
//! - The file of a stored Unix socket stays during a restart. The unit file needs `RuntimeDirectoryPreserve=restart` if the file is
//!   in a `RuntimeDirectory`.
//! - A port that the kernel chooses (port 0), a listener of a `.socket` unit, and a listener that the program binds itself are
//!   not stored.
//! - A listener beyond the number in `FDSTORE` is not stored, and a warning on stderr names it.
//! - A version of the program without the store cannot bind the address while systemd holds the listener. Before a downgrade
//!   to such a version, stop the service.
//!
//! # Linux, macOS and Windows
//!
//! Every feature compiles on all three. The tests run on Linux, and the tests of the console events also run under wine.
//! The other rows of this table are checked by the compiler alone.
//!
//! | part | Linux | macOS | Windows |
//! |---|---|---|---|
//! | requests to stop | signals | signals | [console events](#console-events), or a [service](#a-windows-service) |
//! | `main(signals(..))` | signals of that name | signals of that name | the events that stand for `SIGINT` and `SIGTERM` |
//! | process that sent the signal | in the report | in the report | not known |
//! | third signal | death by that signal | death by that signal | status `0xC000013A` (`STATUS_CONTROL_C_EXIT`) |
//! | end at the deadline | `_exit(124)` | `_exit(124)` | `TerminateProcess(124)` |
//! | `net::listen("unix:..")`, `Stream::Unix`, `UnixListener` | yes | yes | no: an error of kind `Unsupported` |
//! | inherited listeners (`LISTEN_FDS`) | yes | yes | no |
//! | what happens, told to [systemd](#systemd) | yes | no | no |
//! | new clients of a listener that closes | wait for the next listener | may be reset: use a lame duck | may be reset: use a lame duck |
//! | restart on one port (`SO_REUSEPORT`) | yes | no | no |
//! | bytes that the kernel holds (`FIONREAD`) | counted | counted | counted by `ioctlsocket` |
//! | close after the client has read everything (lingering) | yes | yes | yes |
//! | bare `#[teardown]` on a child process | SIGTERM, then SIGKILL when its time is over | SIGTERM, then SIGKILL when its time is over | killed at once |
//! | bare `#[teardown]` on a Unix listener | removes the file | removes the file | the type does not exist |
//!
//! # Console events
//!
//! | event | number | stands for | lame duck | longest stop |
//! |---|---|---|---|---|
//! | Ctrl-C | 0 | `SIGINT` | skipped | grace |
//! | Ctrl-Break | 1 | `SIGTERM` | yes | grace |
//! | close of the console | 2 | `SIGTERM` | skipped | min(grace, 4.75 s) |
//! | logoff of the user | 5 | `SIGTERM` | skipped | min(grace, 4.75 s) |
//! | shutdown of Windows | 6 | `SIGTERM` | skipped | min(grace, 4.75 s) |
//!
//! - All events stop the process by default. `main(signals(SIGTERM))` leaves Ctrl-C to the program. A name other than
//!   `SIGINT` and `SIGTERM` chooses no event.
//! - A second event hurries the stop, and a third one ends the process, as on a Unix.
//! - Windows ends a process 5 s after a close, a logoff or a shutdown, and as soon as its handler returns. The handler
//!   therefore never returns. The stop takes at most 4.75 s: 5 s less 250 ms for the begin of the handler and for the
//!   exit. Declared time-outs that do not fit are scaled. If a stop has already begun, one of these events hurries it.
//! - A process in session 0, which belongs to services, does not stop at a logoff. It hears of the logoff of every user.
//! - The handler is the one of `tokio::signal`, so a program may listen there too. A handler that is installed later
//!   without tokio, for example by the crate `ctrlc`, is called first and hides the event.
//!
//! # The exit on Windows
//!
//! `#[lifecycle::main]` calls the functions of `atexit`, and then ends the process by `TerminateProcess`. Windows would
//! otherwise end all threads, the watchdog too, and then call each DLL. A DLL that hangs there would hang the process
//! for ever. `DllMain` is therefore not called with `DLL_PROCESS_DETACH`.
//!
//! A plain `main` with [`Process`](crate::Process) returns, and these calls happen. Nothing bounds them.
//!
//! # A Windows service
//!
//! The service manager of Windows sends no console event. It calls a control handler, which calls
//! [`shutdown`](crate::shutdown()). The example `windows-service` in the repository is the complete program, and compiles on
//! every platform.
//!
//! ```text
//! fn service_main(_arguments: Vec<OsString>) {
//!     let Ok(manager) = service_control_handler::register(NAME, on_control) else { return };
//!     tell(manager, ServiceState::StartPending, ServiceExitCode::NO_ERROR);
//!     let exit = Process::new().grace(GRACE).run(serve_and_tell(manager));
//!     // The service manager shows the failure, and starts the service again if it is configured to.
//!     let code = if exit == ExitCode::SUCCESS {
//!         ServiceExitCode::NO_ERROR
//!     } else {
//!         ServiceExitCode::ServiceSpecific(1)
//!     };
//!     tell(manager, ServiceState::Stopped, code);
//! }
//!
//! /// Runs on a thread of the service manager, and returns at once: the stop goes on without it.
//! fn on_control(control: ServiceControl) -> ServiceControlHandlerResult {
//!     match control {
//!         ServiceControl::Stop => lifecycle::shutdown("the service manager stops the service"),
//!         ServiceControl::Preshutdown => lifecycle::shutdown("Windows is about to shut down"),
//!         ServiceControl::Interrogate => {}
//!         _ => return ServiceControlHandlerResult::NotImplemented,
//!     }
//!     ServiceControlHandlerResult::NoError
//! }
//! ```
//!
//! - The service reports `Running` inside of `serve_and_tell`. Only then it accepts a stop, because there is a lifecycle.
//! - A tracked task reports `StopPending` after [`stopping`](crate::stopping), with grace as its `wait_hint`.
//! - At the deadline the process ends without the state `Stopped`. The service manager treats that as a failure.
//! - `Preshutdown` gives a service 10 s or its own `PreshutdownTimeout` before Windows shuts down. The event of the shutdown gives 5 s.
