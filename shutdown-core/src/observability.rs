//! Where an operator sees a stop: logs, traces, metrics, and files.
//!
//! | who | sees | where |
//! |---|---|---|
//! | a person at the terminal | the report | stderr |
//! | the log, and a trace viewer | [events and spans](#events-and-spans) | the `tracing` subscriber of the program |
//! | Prometheus, or a collector | [gauges](#gauges), with the feature `metrics` | the recorder of the crate `metrics` |
//! | a script, also after a SIGKILL | one line of JSON for each fact | the file in `LIFECYCLE_REPORT`, and [`last_stop`](crate::last_stop) |
//! | `kubectl describe` | the reason, the status, and what failed | `/dev/termination-log` |
//! | systemd, with the feature `systemd` | readiness, the stage, progress | the socket in `NOTIFY_SOCKET` |
//! | code of the program | each [`Fact`](crate::Fact) | [`Process::observer`](crate::Process::observer), [`Builder::observer`](crate::Builder::observer) |
//!
//! Each of them has a thread of its own. A subscriber or a recorder that hangs, panics or is slow delays no stop and changes
//! no status (R34). The report notes a recorder that hangs or panics.
//!
//! # Events and spans
//!
//! The target of each event and each span is `lifecycle`. A lifecycle by hand uses the subscriber of the thread on which the
//! stop begins. A process uses the global subscriber.
//!
//! | event | level | fields |
//! |---|---|---|
//! | a teardown has ended | INFO | `otel.component.name` (the instance), `otel.component.type` (`lifecycle.instance`), `otel.component.shutdown.duration` (seconds) |
//! | a teardown has failed | WARN | the same, and `error.type`: `failed`, `panic`, `timeout` or `not_run` |
//! | a [hook at the notice](macro@crate::resource#at-the-notice) has ended | INFO | `otel.component.name` (the instance), `otel.component.type`, `took_ms` |
//! | a hook at the notice has failed | WARN | the same, and `error.type` |
//! | the stop is over | INFO, or WARN if the status is not 0 | the same of the component `lifecycle`, `status`, `took_ms`, and `error.type`: the status, if it is not 0 |
//! | work in flight is cut off | WARN | `error.type`: `timeout` |
//!
//! These names are those of OpenTelemetry: of the attribute
//! [`error.type`](https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/), and of its
//! [proposal](https://github.com/open-telemetry/semantic-conventions/pull/3723) for the event of a component that has shut
//! down.
//!
//! The spans have the level INFO. A trace viewer draws them with the layer of `tracing-opentelemetry`:
//!
//! ```text
//! stop ─┬─ at notice Registration
//!       ├─ lame duck
//!       ├─ drain
//!       └─ cleanup ─┬─ teardown Orders
//!                   └─ teardown Store
//! ```
//!
//! | span | fields |
//! |---|---|
//! | `stop` | `lifecycle.reason`, `process.exit.code` |
//! | `stage` | `otel.name` and `lifecycle.stage`: the stage |
//! | `at_notice` | the same as `teardown` |
//! | `teardown` | `otel.name`, `otel.component.name`, `otel.component.type` |
//!
//! A span that has failed has `error.type`, `otel.status_code` (`ERROR`) and `otel.status_description` too. A span
//! receives its fields when it ends, except for `otel.name`.
//!
//! All spans end before the flush, so that a tracer provider that is marked `last` exports them. The flush has no span,
//! because its first teardown may be the one of that provider. A [release](crate::Managed::release) before the stop is a span
//! without a parent.
//!
//! # Gauges
//!
//! The feature `metrics` sets these gauges for the process of [`Process`](crate::Process) and
//! [`#[lifecycle::main]`](macro@crate::main). A lifecycle by hand has none, because a process may have several.
//!
//! | gauge | unit | label | value |
//! |---|---|---|---|
//! | `lifecycle_stage` | | `stage`: `running`, `lame_duck`, `drain`, `cleanup`, `flush` | 1 for the stage of the process, 0 for the others |
//! | `lifecycle_in_flight` | count | `kind`: `connections`, `messages`, `tasks`, `passes` | the work that a stop waits for |
//! | `lifecycle_supervised_restarts_total` (a counter) | count | `task`: the name | how often the [supervised tasks](crate::spawn_supervised) of the name have begun again |
//! | `lifecycle_supervised_tasks` | count | `task`: the name, `state`: `running`, `waiting`, `given_up` | the supervised tasks of the name in this state |
//! | `lifecycle_stop_duration_seconds` | seconds | | how long the stop has lasted so far, and 0 before a stop |
//! | `lifecycle_last_stop_status` | | | the exit status of the last run. Absent if that run was killed |
//! | `lifecycle_last_stop_duration_seconds` | seconds | | how long the stop of the last run lasted, as far as the file tells |
//! | `lifecycle_last_stop_killed` | | | 1 if the last run was killed or has crashed, 0 if its stop ended |
//! | `lifecycle_last_stop_timestamp_seconds` | seconds | | the end of the last run, as a Unix time |
//!
//! - `connections` counts each open connection of a server, also one without a request. The drain closes the connections
//!   without a request, so that in the drain the count is the work that is left.
//! - `passes` counts what [`pass`](crate::pass) has returned. The passes of servers, consumers and tasks are not in it.
//! - The gauges of the last stop need the report file. A pod needs it on a volume that outlives its container.
//!
//! The gauges are set at each fact, and every 5 s: every second in a stop. Nothing is counted for a request. A recorder that
//! is installed late, in `main`, has all gauges 5 s later at the latest. After `ready` and at the notice it has them at once.
//!
//! ## Alerts
//!
//! A process that is gone cannot be scraped. So the next start tells how the last stop ended:
//!
//! ```text
//! lifecycle_last_stop_killed == 1                    # killed: grace is too long, or memory too short
//! lifecycle_last_stop_status > 0                     # something was lost, and the report tells what
//! lifecycle_last_stop_duration_seconds > 20          # of a grace of 25 s
//! lifecycle_stage{stage="drain"} == 1 and on(instance) lifecycle_stop_duration_seconds > 15
//! ```
