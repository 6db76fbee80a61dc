//! R25 to R27 with real servers: a service that starts along its plan is stopped at any instant, finds a server late or
//! never, or fails in the middle. The servers say which connections are left.

use std::time::{Duration, Instant};

use libc::SIGTERM;
use lifecycle_process_tests::{APART, Ended, Program, Random, SLACK, Watched as _, soak};
use lifecycle_services_tests::{Postgres, PostgresDown, RabbitMq, Redis, wait_until};

use crate::{ready, service};

/// Each resource, and those that it needs.
const NEEDS: [(&str, &[&str]); 6] = [
    ("database", &[]),
    ("cache", &[]),
    ("broker", &[]),
    ("orders", &["database", "broker"]),
    ("search", &["orders"]),
    ("shop", &["orders", "cache"]),
];

/// The two servers that other tests use too, and one of our own, where every client counts.
struct Servers {
    postgres: &'static Postgres,
    rabbitmq: &'static RabbitMq,
    redis: Redis,
}

impl Servers {
    fn new() -> Servers {
        Servers { postgres: Postgres::shared(), rabbitmq: RabbitMq::shared(), redis: Redis::start() }
    }

    /// Configures a service whose connections have this name.
    fn service(&self, scenario: &str, run: &str) -> Program {
        service(&format!("along the plan/{scenario}"))
            .env("DATABASE_URL", self.postgres.url(run))
            .env("BROKER_URL", self.rabbitmq.url())
            .env("CACHE_URL", self.redis.url())
            .env("RUN", run)
    }

    /// Checks that no connection of a service with this name is left at `PostgreSQL` and at Redis.
    #[track_caller]
    fn are_left(&self, run: &str) {
        self.postgres.is_left(run);
        wait_until("the end of every connection to Redis", || self.redis.other_clients() == 0);
    }

    /// Checks that no connection is left at `RabbitMQ` whose name begins so. The question takes a second.
    #[track_caller]
    fn rabbitmq_is_left(&self, start: &str) {
        wait_until("the end of every connection to RabbitMQ", || {
            !self.rabbitmq.named_connections().iter().any(|name| name.starts_with(start))
        });
    }
}

/// Checks that each resource started after those that it needs, and was closed exactly once and before them. Returns the
/// number of resources that had started.
#[track_caller]
fn forth_and_back(ended: &Ended) -> usize {
    let places = |line: String| -> Vec<usize> {
        let all = ended.stdout.iter().enumerate();
        all.filter(|(_, said)| **said == line).map(|(at, _)| at).collect()
    };
    let mut count = 0;
    for (name, needs) in NEEDS {
        let (started, closed) = (places(format!("{name} started")), places(format!("{name} closed")));
        assert_eq!(started.len(), closed.len(), "`{name}`: {ended:?}");
        let ([started], [closed]) = (&started[..], &closed[..]) else { continue };
        count += 1;
        for need in needs {
            let before = places(format!("{need} started")).first().is_some_and(|at| at < started);
            let after = places(format!("{need} closed")).first().is_some_and(|at| at > closed);
            assert!(before && after, "`{name}` needs `{need}`: {ended:?}");
        }
    }
    count
}

/// R6, R13, R26: some instants are before the first start, and some after the last one.
#[test]
fn sigterm_at_any_instant_of_a_start_leaves_no_connection() {
    let (servers, mut random) = (Servers::new(), Random::new());
    let began = Instant::now();
    let clean = ready(servers.service("all", "sigterm-clean"));
    let whole = u64::try_from(began.elapsed().as_micros()).expect("a start is short");
    // This connection is there: a list that misses it proves nothing.
    assert_eq!(
        servers.rabbitmq.named_connections().iter().filter(|name| *name == "sigterm-clean").count(),
        1
    );
    assert_eq!(servers.redis.other_clients(), 1);
    assert_eq!(forth_and_back(clean.stop().exited(0)), 5);

    let mut stopped_with = [0; NEEDS.len()];
    for run in 0..if soak() { 300 } else { 12 } {
        let name = format!("sigterm-{run}");
        let mut child = servers.service("all", &name).start();
        child.wait_until_it_catches(SIGTERM);
        std::thread::sleep(Duration::from_micros(random.below(whole * 5 / 4)));
        let ended = child.stop();
        ended.exited(0).within(Duration::ZERO);
        let started = forth_and_back(&ended);
        stopped_with[started] += 1;
        servers.are_left(&name);
        // The pool says goodbye. A statement of another start may be dropped, and then the client library hangs up.
        if ended.stdout.iter().any(|line| line == "orders started") {
            assert_eq!(servers.postgres.broken(&name), [""; 0], "{ended:?}");
        }
    }
    servers.rabbitmq_is_left("sigterm-");
    println!("SIGTERM in a start of {whole} us: {stopped_with:?} runs with 0, 1, .. resources started");
    let middle: u32 = stopped_with[..5].iter().sum();
    assert!(middle > 0, "no signal came before the last start");
}

/// R27.
#[test]
fn a_database_that_comes_late_is_noticed_within_a_second_and_logged_once_for_each_change() {
    let down = PostgresDown::new();
    let late = Duration::from_secs(if soak() { 10 } else { 2 });
    let mut child = service("along the plan/late").env("DATABASE_URL", down.url("late")).start();
    child.wait_for_on_stderr(REFUSED);
    std::thread::sleep(late);
    let postgres = down.start();
    child.wait_for("ready");
    let after = postgres.answered().elapsed();
    println!("PostgreSQL came up {late:?} late; ready {after:?} after it accepted connections");
    let second = Duration::from_secs(1);
    assert!(after < second + if soak() { second / 2 } else { SLACK }, "ready {after:?} after its database");
    let ended = child.stop();
    ended.exited(0).reported(&[REFUSED]).reported(&["log: `Database` has started"]);
    let waits: Vec<&String> = ended.stderr.iter().filter(|line| line.starts_with(WAITS)).collect();
    assert!(waits.windows(2).all(|pair| pair[0] != pair[1]), "{waits:#?}");
    postgres.is_left("late");
}

const WAITS: &str = "log: `Database` does not start yet: ";
const REFUSED: &str = "log: `Database` does not start yet: error communicating with database: Connection refused (os error 111)";

/// R26, R27. Redis is there, so that the roll-back has something to tear down.
#[test]
fn a_database_that_never_comes_ends_the_service_at_the_end_of_retry() {
    let (redis, retry) = (Redis::start(), Duration::from_secs(2));
    let program = service("along the plan/never").env("RUN", "never").env("CACHE_URL", redis.url());
    let ended = program.env("DATABASE_URL", "postgres://test@127.0.0.1:1/postgres").run();
    // An attempt that does not fit into `retry` is not made, and the longest pause is 1 s.
    ended.exited(1).within(retry).not_before(retry - Duration::from_secs(1));
    ended.said(&["cache started", "cache closed"]).never_said("ready");
    let reason =
        ended.stderr.iter().find_map(|line| line.split_once("`Ledger` did not start: ")).map(|found| found.1);
    let reason = reason.unwrap_or_else(|| panic!("no reason: {ended:?}"));
    let rest = reason.strip_prefix("error communicating with database: Connection refused (os error 111) (");
    let (attempts, rest) = rest.and_then(|rest| rest.split_once(" attempts in 1.")).expect(reason);
    assert!(attempts.parse::<u32>().is_ok_and(|attempts| attempts >= 3), "{reason}");
    assert!(rest.contains(" s); waiting for it: `Invoices`; stopped in "), "{reason}");
    wait_until("the end of every connection to Redis", || redis.other_clients() == 0);
}

/// R26: the start takes longer than grace, and the teardowns need most of grace.
#[test]
fn a_start_that_fails_while_others_run_tears_down_in_order_on_a_fresh_grace() {
    let servers = Servers::new();
    let program = servers.service("fails", "fails").grace("3s").lame_duck("1s");
    let ended = program.env("FAILS_AFTER", "3200").env("CLOSES_FOR", "1500").run();
    ended.exited(1).never_said("ready").never_said("page started");
    assert_eq!(forth_and_back(&ended), 5, "{ended:?}");
    // The start under way was dropped at once, and not at the end of the drain.
    ended.not_reported("cut off: ");
    ended.said(&["search started", "mailer dropped", "search closing", "search closed", "orders closed"]);
    ended
        .reported(&["`Reviews` did not start: no reviewer; waiting for it: `Page`; stopped in "])
        .not_reported("main failed");
    servers.are_left("fails");
    servers.rabbitmq_is_left("fails");
}

/// R14: the first signal changes nothing, because the service is stopping already. The second one is given 3 s.
#[test]
fn a_second_signal_in_the_roll_back_shortens_it() {
    let servers = Servers::new();
    let program = servers.service("fails", "hurried").env("FAILS_AFTER", "0").env("CLOSES_FOR", "14000");
    let mut child = program.ready_at_line("search closing").start();
    child.signal(SIGTERM);
    std::thread::sleep(APART);
    let ended = child.stop();
    ended.exited(1).within(APART + Duration::from_secs(3));
    // The search is given up, and the others close in their places.
    ended.never_said("search closed").said(&["search closing", "orders closed", "database closed"]);
    ended.said(&["orders closed", "broker closed"]).said(&["cache closed"]);
    servers.are_left("hurried");
    servers.rabbitmq_is_left("hurried");
}

/// R14: a start that blocks its thread cannot be dropped. The second signal ends the drain, which waits for it.
#[test]
fn a_second_signal_gives_up_a_start_that_blocks() {
    let servers = Servers::new();
    let mut child = servers.service("blocks", "blocks").ready_at_line("blocked").start();
    child.signal(SIGTERM);
    std::thread::sleep(APART);
    let ended = child.stop();
    ended.exited(70).within(APART + Duration::from_secs(3));
    assert_eq!(forth_and_back(&ended), 3, "{ended:?}");
    ended.reported(&["log: ", "cut off: 1 task `start of Blocked`"]);
    servers.are_left("blocks");
    servers.rabbitmq_is_left("blocks");
}
