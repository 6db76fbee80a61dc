//! Each server under load is stopped by SIGTERM: once with its own shutdown, and once as the recipe in the docs says.
//!
//! Prints the figures for the table in `lifecycle::recipes::other_servers`: `cargo test -- --nocapture --test-threads=1`.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use lifecycle_process_tests::{Child, PATIENCE, Program, fixture};
use lifecycle_servers_tests::load::{Load, Protocol};

/// The number of stops of each program.
const STOPS: usize = 10;

/// What ten stops of one program came to.
#[derive(Debug, Default)]
struct Sum {
    sent: usize,
    lost: usize,
    worst: usize,
    slow_lost: usize,
    longest: Duration,
    ends: Vec<String>,
    reasons: BTreeMap<String, usize>,
}

/// Stops a program under load, ten times. The clients leave in the lame duck if `leaving` is true.
fn stop(program: impl Fn() -> Program, server: &str, protocol: Protocol, leaving: bool) -> Sum {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut sum = Sum::default();
    for _ in 0..STOPS {
        let (mut child, address) = started(program(), server);
        let load = {
            let _inside = runtime.enter();
            Load::start(address, protocol)
        };
        // The slow request takes 2 s. It is in flight when the drain begins, after a lame duck of 1 s.
        let until = Instant::now() + Duration::from_millis(400);
        while Instant::now() < until || load.sent() < 500 {
            assert!(Instant::now() < until + PATIENCE, "the load does not get going");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.signal(libc::SIGTERM);
        if leaving {
            // The middle of the lame duck.
            std::thread::sleep(Duration::from_millis(500));
            load.leave();
        }
        let ended = child.stopped();
        let tally = runtime.block_on(async { tokio::time::timeout(PATIENCE, load.finish()).await });
        let tally = tally.expect("the clients come to an end");
        sum.sent += tally.sent;
        sum.lost += tally.lost.len();
        sum.worst = sum.worst.max(tally.lost.len());
        sum.slow_lost += usize::from(!tally.slow_answered);
        sum.longest = sum.longest.max(ended.took);
        sum.ends.push(ended.status.to_string());
        for reason in tally.lost {
            *sum.reasons.entry(reason).or_default() += 1;
        }
        if ended.status.code() != Some(0) {
            for line in ended.stderr {
                eprintln!("{}", line.chars().take(100).collect::<String>());
            }
        }
    }
    sum.ends.sort();
    sum.ends.dedup();
    sum
}

/// Starts a program, and waits until it listens.
fn started(program: Program, server: &str) -> (Child, SocketAddr) {
    if server != "rocket" {
        let mut child = program.start();
        let address = child.wait_for_start("listening on http://").parse().expect("an address");
        return (child, address);
    }
    // Rocket binds the address of its configuration, and logs in colours.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let port = address.port().to_string();
    let mut child = program.env("ROCKET_PORT", port).env("ROCKET_LOG_LEVEL", "off").start();
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        child.expect(Instant::now() < until, "it does not listen");
        assert!(!child.is_over(), "it ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    (child, address)
}

fn print(server: &str, way: &str, sum: &Sum) {
    let Sum { sent, lost, worst, slow_lost, longest, ends, reasons } = sum;
    println!(
        "{server:9} {way:21} lost {lost:3} of {sent:6}, at most {worst:2} in a stop; slow request lost in \
         {slow_lost:2} stops; at most {longest:.1?}; {ends:?} {reasons:?}"
    );
}

/// Stops a server by its own shutdown.
fn by_its_own(server: &str, protocol: Protocol) -> Sum {
    let sum = stop(|| fixture(env!("CARGO_BIN_EXE_own_shutdown"), server), server, protocol, false);
    print(server, "its own shutdown", &sum);
    sum
}

/// Stops a recipe, whose clients leave in the lame duck if `leaving` is true.
#[track_caller]
fn by_the_recipe(recipe: &str, server: &str, protocol: Protocol, leaving: bool) -> Sum {
    let sum = stop(|| fixture(recipe, server), server, protocol, leaving);
    print(server, if leaving { "recipe, clients leave" } else { "recipe" }, &sum);
    assert_eq!(sum.ends, ["exit status: 0"]);
    assert_eq!(sum.slow_lost, 0);
    sum
}

/// Cuts off a request that takes longer than the drain.
#[track_caller]
fn is_cut_off(recipe: &str, server: &str, protocol: Protocol, named: &str) {
    let grace = Duration::from_secs(1);
    let program = fixture(recipe, server).grace("1s").env("LIFECYCLE_LAME_DUCK", "0");
    let (mut child, address) = started(program, server);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let slow = runtime.block_on(Load::start_slow(address, protocol));
    child.signal(libc::SIGTERM);
    let ended = child.stopped();
    ended.exited(70).within(grace).reported(&["cut off:"]).reported(&[named]);
    assert_eq!(runtime.block_on(slow.finish()).lost.len(), 1);
}

macro_rules! servers {
    ($($server:ident: $protocol:ident;)+) => {$(
        mod $server {
            use super::*;

            const SERVER: &str = stringify!($server);
            const RECIPE: &str = env!(concat!("CARGO_BIN_EXE_", stringify!($server)));

            #[test]
            fn loses_hardly_anything_under_load() {
                let own = by_its_own(SERVER, Protocol::$protocol);
                // The control: this load finds a loss. An HTTP/2 client knows which requests it can send again.
                assert!(own.lost > 0 || Protocol::$protocol == Protocol::Grpc);
                // A thread of the server that gets no processor for 250 ms loses the connections that it has not read.
                let recipe = by_the_recipe(RECIPE, SERVER, Protocol::$protocol, false);
                assert!(recipe.lost * 20 <= own.lost, "{recipe:?}");
            }

            #[test]
            fn a_request_longer_than_the_drain_is_cut_off_and_reported() {
                is_cut_off(RECIPE, SERVER, Protocol::$protocol, "main");
            }
        }
    )+};
}

servers! {
    actix_web: Http1;
    axum: Http1;
    poem: Http1;
    salvo: Http1;
    tonic: Grpc;
    warp: Http1;
}

/// Rocket gives nobody its listener.
mod rocket {
    use super::*;

    const RECIPE: &str = env!("CARGO_BIN_EXE_rocket");

    #[test]
    fn loses_nothing_of_clients_that_leave_in_the_lame_duck() {
        assert!(by_its_own("rocket", Protocol::Http1).lost > 0);
        by_the_recipe(RECIPE, "rocket", Protocol::Http1, false);
        assert_eq!(by_the_recipe(RECIPE, "rocket", Protocol::Http1, true).lost, 0);
    }

    #[test]
    fn a_request_longer_than_the_drain_is_cut_off_and_reported() {
        is_cut_off(RECIPE, "rocket", Protocol::Http1, "rocket.rs");
    }
}
