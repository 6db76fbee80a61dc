//! Envoy, which balances requests over instances of the service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lifecycle::testing::{Client, get};
use lifecycle_process_tests::{Child, Program, wait_until};

/// A running Envoy, which checks the readiness of each instance.
#[derive(Debug)]
pub struct Envoy {
    envoy: Child,
    admin: SocketAddr,
}

impl Envoy {
    /// Starts Envoy at `address` with ready `instances`, which it checks at this interval. `admin` is the address at which
    /// Envoy tells its counts. Returns after the first checks.
    #[track_caller]
    pub fn start(
        address: SocketAddr,
        admin: SocketAddr,
        instances: &[SocketAddr],
        interval: Duration,
    ) -> Envoy {
        let configuration = configuration(address, admin, instances, interval);
        let envoy = Program::new(program())
            .args(["--config-yaml", &configuration, "--disable-hot-restart"])
            .args(["--concurrency", "1", "--log-level", "error"])
            .start();
        let mut envoy = Envoy { envoy, admin };
        wait_until("Envoy finds the instances healthy", || {
            let over = envoy.envoy.is_over();
            envoy.envoy.expect(!over, "Envoy did not start");
            envoy.count("health_check.healthy") == Some(instances.len())
        });
        envoy
    }

    /// Returns how often an instance failed its health check because of the header in a response.
    #[track_caller]
    pub fn failed_by_header(&self) -> usize {
        self.count("health_check.passive_failure").expect("Envoy counts it")
    }

    /// Returns one of the counts of the cluster.
    fn count(&self, name: &str) -> Option<usize> {
        let name = format!("cluster.service.{name}");
        let mut admin = Client::try_connect(self.admin).ok()?;
        admin.try_send(&get(&format!("/stats?filter={name}"))).ok()?;
        let answer = admin.try_response().ok()?.text();
        answer.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(": ")?.parse().ok())
    }

    /// Stops Envoy.
    #[track_caller]
    pub fn stop(mut self) {
        let over = self.envoy.is_over();
        self.envoy.expect(!over, "Envoy ended by itself");
        self.envoy.signal(libc::SIGTERM);
        self.envoy.stopped().exited(0);
    }
}

/// Returns the path of Envoy, which `tests/programs/envoy` puts into the target folder.
#[track_caller]
fn program() -> String {
    // The folder of the profile is in the target folder.
    let test = std::env::current_exe().expect("a path");
    let mut folders = test.ancestors().map(|folder| folder.join("programs/envoy"));
    let found: Option<PathBuf> = folders.find(|path| path.is_file());
    let Some(found) = found else { panic!("this test needs Envoy: tests/programs/envoy target/programs") };
    found.display().to_string()
}

/// Returns a configuration with the defaults of Envoy, except for the interval of the health check.
fn configuration(
    address: SocketAddr,
    admin: SocketAddr,
    instances: &[SocketAddr],
    interval: Duration,
) -> String {
    let at = |address: SocketAddr| {
        let (ip, port) = (address.ip(), address.port());
        format!("{{ socket_address: {{ address: {ip}, port_value: {port} }} }}")
    };
    let instances: Vec<String> = instances
        .iter()
        .map(|instance| format!("{{ endpoint: {{ address: {} }} }}", at(*instance)))
        .collect();
    let (address, admin, instances) = (at(address), at(admin), instances.join(", "));
    let interval = format!("{:.3}s", interval.as_secs_f64());
    format!(
        "admin: {{ address: {admin} }}
static_resources:
  listeners:
  - address: {address}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
          route_config:
            virtual_hosts:
            - {{ name: all, domains: [\"*\"], routes: [{{ match: {{ prefix: / }}, route: {{ cluster: service }} }}] }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: service
    type: STATIC
    connect_timeout: 10s
    load_assignment: {{ cluster_name: service, endpoints: [{{ lb_endpoints: [{instances}] }}] }}
    health_checks:
    - timeout: 10s
      interval: {interval}
      no_traffic_interval: {interval}
      unhealthy_threshold: 3
      healthy_threshold: 1
      http_health_check: {{ path: /readyz }}
"
    )
}
