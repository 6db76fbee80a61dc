//! `HAProxy`, which balances requests over instances of the service.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use lifecycle_process_tests::{Child, Program, installed, wait_until};

/// The requests that `HAProxy` sends over an open connection to an instance.
#[derive(Clone, Copy, Debug)]
pub enum Reuse {
    /// All but the first request of a client, which is the default of `HAProxy`.
    Safe,
    /// All requests.
    Always,
}

/// Whether `HAProxy` sends a request to another instance if an instance refuses the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retries {
    /// A refused connection is an error that the client sees.
    Never,
    /// The default of `HAProxy`, and `option redispatch`. A request that was sent is never repeated.
    WhenRefused,
}

/// How `HAProxy` learns that an instance is not ready.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The time between two checks.
    pub interval: Duration,
    /// The number of failed checks after which an instance gets no request.
    pub fall: u32,
    /// Whether the status 404 means that the instance stops. One check is enough then.
    pub disable_on_404: bool,
    /// Whether a script reads the header that is meant for Envoy.
    pub reads_header: bool,
}

/// A running `HAProxy`, which checks the readiness of each instance every 200 ms, unless a [`Check`] says more.
#[derive(Debug)]
pub struct Balancer {
    haproxy: Child,
}

impl Balancer {
    /// Starts `HAProxy` at `address` with ready `instances`.
    #[track_caller]
    pub fn start(address: SocketAddr, instances: &[SocketAddr], reuse: Reuse, retries: Retries) -> Balancer {
        Balancer::run(address, &configuration(address, instances, reuse, retries))
    }

    /// Starts `HAProxy` for HTTP/2 at `address`, and for HTTP/1.1 at `http1`. It speaks HTTP/2 with its `instances`.
    #[track_caller]
    pub fn start_http2(
        address: SocketAddr,
        http1: SocketAddr,
        instances: &[SocketAddr],
        retries: Retries,
    ) -> Balancer {
        let bind = format!("    bind {address}\n");
        let configuration = configuration(address, instances, Reuse::Safe, retries);
        let configuration =
            configuration.replace(&bind, &format!("    bind {address} proto h2\n    bind {http1}\n"));
        let configuration = configuration.replace("default-server check", "default-server proto h2 check");
        Balancer::run(address, &configuration)
    }

    /// Starts `HAProxy` at `address` with ready `instances`, which it checks as `check` says.
    #[track_caller]
    pub fn start_checking(address: SocketAddr, instances: &[SocketAddr], check: Check) -> Balancer {
        let Check { interval, fall, disable_on_404, reads_header } = check;
        let configuration = configuration(address, instances, Reuse::Safe, Retries::Never);
        let interval = format!("check inter {}ms fall {fall}", interval.as_millis());
        let mut configuration = configuration.replace("check inter 400ms fall 1", &interval);
        if disable_on_404 {
            configuration =
                configuration.replace("GET /readyz\n", "GET /readyz\n    http-check disable-on-404\n");
        }
        if reads_header {
            let script = concat!("local0\n    lua-load ", env!("CARGO_MANIFEST_DIR"), "/src/leave.lua\n");
            let rule =
                "    http-response lua.leave if { res.hdr(x-envoy-immediate-health-check-fail) -m found }\n";
            configuration = configuration.replace("local0\n", script);
            configuration =
                configuration.replace("    balance roundrobin\n", &format!("    balance roundrobin\n{rule}"));
        }
        Balancer::run(address, &configuration)
    }

    #[track_caller]
    fn run(address: SocketAddr, configuration: &str) -> Balancer {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let haproxy = Program::new(installed("haproxy", "haproxy"))
            .args(["-db", "-f", "/dev/stdin"])
            .stdin(OwnedFd::from(reader))
            .start();
        writer.write_all(configuration.as_bytes()).expect("HAProxy reads it");
        drop(writer);
        let mut balancer = Balancer { haproxy };
        wait_until("HAProxy listens", || {
            let over = balancer.haproxy.is_over();
            balancer.haproxy.expect(!over, "HAProxy did not start");
            TcpStream::connect(address).is_ok()
        });
        balancer
    }

    /// Stops `HAProxy`, and returns its log of failed requests and of state changes of instances.
    #[track_caller]
    pub fn stop(mut self) -> String {
        let over = self.haproxy.is_over();
        self.haproxy.expect(!over, "HAProxy ended by itself");
        self.haproxy.signal(libc::SIGTERM);
        self.haproxy.stopped().stdout.join("\n")
    }
}

/// Returns a configuration that does not hide a lost request. All timings but two are the defaults. The readiness check is frequent, and may take long, because a loaded machine is slow.
fn configuration(address: SocketAddr, instances: &[SocketAddr], reuse: Reuse, retries: Retries) -> String {
    let reuse = match reuse {
        Reuse::Safe => "safe",
        Reuse::Always => "always",
    };
    // A check has to connect within its interval, which a loaded machine may miss.
    let (retries, check) = match retries {
        Retries::Never => ("retries 0", "inter 400ms fall 1"),
        // The health check may not know yet that an instance is gone, and need not.
        Retries::WhenRefused => ("option redispatch 1", "inter 200ms fall 3"),
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
    {retries}
    http-reuse {reuse}
listen service
    bind {address}
    balance roundrobin
    option httpchk GET /readyz
    default-server check {check} rise 1
"
    );
    for (number, instance) in instances.iter().enumerate() {
        writeln!(text, "    server instance{number} {instance}").expect("a string takes everything");
    }
    text
}
