//! The manifests against the program: its plan (`LIFECYCLE_PLAN=json`), its arguments and its probes.

use std::fs;
use std::process::Command;

use harness::{Connection, Folder, Method, Service, StatusCode};
use serde_json::Value;

/// The time in which every node learns that a pod is not ready any more.
const EVERY_NODE_KNOWS_MS: u64 = 3_000;

/// The path and the port of each probe, and the milliseconds until it has failed.
struct Probe {
    path: String,
    port: Value,
    fails_after_ms: u64,
}

/// Returns the one document of a file in `kubernetes/`.
fn manifest(name: &str) -> Value {
    let path = format!("{}/kubernetes/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the specification of the pod.
fn pod() -> Value {
    manifest("deployment")["spec"]["template"]["spec"].take()
}

/// Returns the one container of the pod.
fn container() -> Value {
    let mut pod = pod();
    let containers = pod["containers"].as_array_mut().expect("containers");
    assert_eq!(containers.len(), 1);
    containers.remove(0)
}

fn arguments() -> Vec<String> {
    let container = container();
    let arguments = container["args"].as_array().expect("arguments").iter();
    arguments.map(|argument| argument.as_str().expect("a string").to_owned()).collect()
}

/// Returns the value of a variable that the manifest writes out.
fn variable(name: &str) -> Option<String> {
    let variables = container()["env"].as_array().cloned().expect("variables");
    let found = variables.into_iter().find(|variable| variable["name"] == name)?;
    found["value"].as_str().map(str::to_owned)
}

/// Returns the plan that the program prints with the arguments and the variables of the container.
fn plan() -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checkout"));
    command.args(arguments()).env("LIFECYCLE_PLAN", "json");
    for name in ["LIFECYCLE_GRACE", "LIFECYCLE_LAME_DUCK", "LIFECYCLE_REPORT"] {
        match variable(name) {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().expect("the program is executable");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn probe(kind: &str) -> Probe {
    let container = container();
    let probe = &container[kind];
    let get = &probe["httpGet"];
    Probe {
        path: get["path"].as_str().unwrap_or_else(|| panic!("{kind} has no path")).to_owned(),
        port: get["port"].clone(),
        fails_after_ms: number(&probe["periodSeconds"]) * number(&probe["failureThreshold"]) * 1_000,
    }
}

/// Returns the time of the `preStop` hook, which is a part of `terminationGracePeriodSeconds`.
fn pre_stop_ms() -> u64 {
    let container = container();
    match &container["lifecycle"]["preStop"] {
        Value::Null => 0,
        hook => number(&hook["sleep"]["seconds"]) * 1_000,
    }
}

#[test]
fn kubernetes_kills_later_than_the_program_ends() {
    let kill_ms = number(&pod()["terminationGracePeriodSeconds"]) * 1_000;
    let grace_ms = number(&plan()["grace_ms"]);
    assert!(pre_stop_ms() + grace_ms < kill_ms, "{} ms + {grace_ms} ms, {kill_ms} ms", pre_stop_ms());
}

#[test]
fn the_lame_duck_lasts_until_no_node_sends_requests() {
    let lame_duck_ms = number(&plan()["lame_duck_ms"]);
    let needed_ms = probe("readinessProbe").fails_after_ms + EVERY_NODE_KNOWS_MS;
    assert!(pre_stop_ms() + lame_duck_ms >= needed_ms, "{lame_duck_ms} ms, {needed_ms} ms");
}

/// The shop serves its probes on the listener that the drain closes.
#[test]
fn the_liveness_probe_does_not_fail_before_the_stop_is_over() {
    let plan = plan();
    let without_answer_ms = number(&plan["grace_ms"]) - number(&plan["lame_duck_ms"]);
    assert!(probe("livenessProbe").fails_after_ms > without_answer_ms);
}

/// A Deployment gives up after 600 s if it says nothing else.
#[test]
fn a_rollout_waits_for_a_slow_start() {
    let deployment = manifest("deployment");
    let gives_up_ms = deployment["spec"]["progressDeadlineSeconds"].as_u64().unwrap_or(600) * 1_000;
    assert!(probe("startupProbe").fails_after_ms < gives_up_ms);
}

#[test]
fn the_program_starts_with_these_settings_without_a_warning() {
    let plan = plan();
    assert_eq!((&plan["error"], &plan["warnings"]), (&Value::Null, &Value::Array(Vec::new())));
    assert!(number(&plan["drain_ms"]) > 0);
}

#[tokio::test]
async fn the_program_answers_each_probe_and_the_service_finds_its_port() {
    let container = container();
    let port = &container["ports"][0];
    assert!(arguments().contains(&format!("--port={}", port["containerPort"])));
    assert!(arguments().contains(&"--address=0.0.0.0".to_owned()));
    assert_eq!(manifest("service")["spec"]["ports"][0]["targetPort"], port["name"]);

    let folder = Folder::new("kubernetes");
    let everywhere = [folder.text(), "--address=0.0.0.0"];
    let checkout = Service::start(env!("CARGO_BIN_EXE_checkout"), &everywhere, &[]).await;
    let mut connection = Connection::open(checkout.socket()).await.expect("the shop listens");
    for kind in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let probe = probe(kind);
        assert_eq!(probe.port, port["name"], "{kind}");
        let answer = connection.request(Method::GET, &probe.path, "").await.expect("the shop answers");
        // An unknown path is 404.
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", probe.path);
    }
    checkout.stopped().await;
}

#[test]
fn the_folder_and_the_report_are_on_a_volume_of_the_container() {
    let container = container();
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    let mount = &container["volumeMounts"][0];
    assert_eq!(mount["name"], pod()["volumes"][0]["name"]);
    let folder = format!("{}/", mount["mountPath"].as_str().expect("a path"));
    let report = variable("LIFECYCLE_REPORT").expect("a report file");
    for path in [&arguments()[0], &report] {
        assert!(path.starts_with(&folder), "{path} is not in {folder}");
    }
}

#[test]
fn a_rollout_and_the_drain_of_a_node_leave_a_pod_that_serves() {
    let [deployment, service, budget] = ["deployment", "service", "disruption-budget"].map(manifest);
    let deployment = &deployment["spec"];
    let rolling = &deployment["strategy"]["rollingUpdate"];
    assert_eq!(rolling["maxUnavailable"], 0);
    assert!(number(&rolling["maxSurge"]) > 0);
    assert!(number(&budget["spec"]["maxUnavailable"]) > 0, "a node could never be drained");
    assert!(number(&budget["spec"]["maxUnavailable"]) < number(&deployment["replicas"]));
    let labels = &deployment["template"]["metadata"]["labels"];
    assert!(labels.is_object());
    for selector in [
        &deployment["selector"]["matchLabels"],
        &budget["spec"]["selector"]["matchLabels"],
        &service["spec"]["selector"],
    ] {
        assert_eq!(selector, labels);
    }
}
