//! `HAProxy`, which balances requests over instances of the service.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use lifecycle_process_tests::{Child, PATIENCE, Program};

/// The requests that `HAProxy` sends over an open connection to an instance.
#[derive(Clone, Copy, Debug)]
pub enum Reuse {
    /// All but the first request of a client, which is the default of `HAProxy`.
    Safe,
    /// All requests.
    Always,
}

/// A running `HAProxy`, which checks the readiness of each instance every 200 ms and does not retry.
#[derive(Debug)]
pub struct Balancer {
    haproxy: Child,
}

impl Balancer {
    /// Starts `HAProxy` at `address` with ready `instances`.
    #[track_caller]
    pub fn start(address: SocketAddr, instances: &[SocketAddr], reuse: Reuse) -> Balancer {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let haproxy = Program::new(&installed("haproxy", "haproxy"), "-db")
            .arg("-f")
            .arg("/dev/stdin")
            .in_its_own_group()
            .stdin(OwnedFd::from(reader))
            .start();
        writer.write_all(configuration(address, instances, reuse).as_bytes()).expect("HAProxy reads it");
        drop(writer);
        let mut balancer = Balancer { haproxy };
        balancer.wait_until_it_listens(address);
        balancer
    }

    #[track_caller]
    fn wait_until_it_listens(&mut self, address: SocketAddr) {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            self.haproxy.expect(Instant::now() < until, "HAProxy does not listen");
            let over = self.haproxy.is_over();
            self.haproxy.expect(!over, "HAProxy did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops `HAProxy`, and returns its log of failed requests and of state changes of instances.
    #[track_caller]
    pub fn stop(mut self) -> String {
        let over = self.haproxy.is_over();
        self.haproxy.expect(!over, "HAProxy ended by itself");
        self.haproxy.signal(libc::SIGTERM);
        self.haproxy.ended().stdout.join("\n")
    }
}

/// Returns a configuration that does not hide a lost request. It has no retry, and all timings but two are
/// the defaults. The readiness check is frequent, and may take long, because a loaded machine is slow.
fn configuration(address: SocketAddr, instances: &[SocketAddr], reuse: Reuse) -> String {
    let reuse = match reuse {
        Reuse::Safe => "safe",
        Reuse::Always => "always",
    };
    let mut text = format!(
        "global
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout check 10s
    retries 0
    http-reuse {reuse}
listen service
    bind {address}
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 200ms fall 1 rise 1
"
    );
    for (number, instance) in instances.iter().enumerate() {
        writeln!(text, "    server instance{number} {instance}").expect("a string takes everything");
    }
    text
}

/// Returns the path of `program`, which is in Debian's `package`.
#[track_caller]
fn installed(program: &str, package: &str) -> String {
    // A user's PATH may lack the folders of servers.
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/local/sbin".into(), "/usr/sbin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    let Some(found) = found else {
        panic!("this test needs `{program}`: apt-get install -y --no-install-recommends {package}")
    };
    found.display().to_string()
}
