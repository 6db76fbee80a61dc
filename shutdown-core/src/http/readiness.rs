//! The readiness of the service, which the program can drain without a stop.

use std::fmt;

use crate::edge::Edge;

/// Returns the readiness of the current lifecycle, which can be drained: load balancers send no further requests,
/// although the service does not stop.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Examples
///
/// ```
/// # async fn rebuild_the_index() {}
/// #[lifecycle::main]
/// async fn main() {
///     let readiness = lifecycle::http::readiness();
///     readiness.drain(); // `/readyz` answers 503
///     rebuild_the_index().await;
///     readiness.undrain(); // `/readyz` answers 200
/// }
/// ```
#[track_caller]
pub fn readiness() -> Readiness {
    Readiness { edge: Edge::expect("http::readiness") }
}

/// The readiness of a service, as [`readiness`] returns it: whether load balancers are to send requests.
///
/// Clones are handles on the same readiness. [`Probes::admin`](super::Probes::admin) drains it from outside of the program.
///
/// A drained readiness is not the [drain](crate::Stage::Drain) of a stop. The service stays open:
///
/// | part | while the readiness is drained |
/// |---|---|
/// | `/readyz` | 503, or the [`stopping_status`](super::Probes::stopping_status) |
/// | `/livez`, `/startupz` | as before |
/// | requests in progress and new requests | served, on open and on new connections |
/// | HTTP/1 responses | carry `Connection: close`, so that a client with an open connection connects to another instance |
/// | HTTP/2 connections | stay open; [`max_connection_age`](super::Server::max_connection_age) moves their clients |
/// | all responses, if the program has probes | carry the [header for Envoy](super::probes()#envoy) |
/// | a stop | as usual, with the whole lame duck |
/// | the next process | begins with a readiness that is not drained |
///
/// The log and each [observer](crate::Builder::observer) are told of a change.
#[derive(Clone)]
#[doc(alias("rotation", "maintenance mode"))]
pub struct Readiness {
    edge: Edge,
}

impl Readiness {
    /// Drains the readiness (takes the service out of rotation). Has no effect if it is drained already.
    ///
    /// Before [`ready`](crate::ready) the call has its effect when the start-up is over.
    #[doc(alias("out of rotation", "cordon", "healthcheck/fail"))]
    pub fn drain(&self) {
        self.edge.drain_readiness(true);
    }

    /// Ends what [`drain`](Readiness::drain) began. One call is enough after several calls of `drain`.
    ///
    /// A service that is stopping does not become ready again.
    #[doc(alias("uncordon", "healthcheck/ok"))]
    pub fn undrain(&self) {
        self.edge.drain_readiness(false);
    }

    /// Returns whether the readiness is drained.
    pub fn is_drained(&self) -> bool {
        self.edge.is_readiness_drained()
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("is_drained", &self.is_drained()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::time::Duration;

    use http::{Method, Request, Response, StatusCode};
    use tower::ServiceExt as _;

    use super::super::probes::{Probes, probes};
    use super::*;
    use crate::{FactKind, Lifecycle};

    type Body = http_body_util::Empty<hyper::body::Bytes>;

    const FOR_ENVOY: &str = "x-envoy-immediate-health-check-fail";

    /// Asks `probes`, which stand beside a service, as a server of another crate does. Returns the status, and whether the
    /// response tells Envoy.
    async fn asked(probes: &Probes, path: &str) -> (u16, bool) {
        let service =
            tower::service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::new())));
        let request = Request::get(path).body(Body::new()).unwrap();
        let response = probes.clone().or(service).oneshot(request).await.unwrap();
        (response.status().as_u16(), response.headers().contains_key(FOR_ENVOY))
    }

    /// R30: everything is served while the readiness is drained, and the observers learn of each change once.
    #[tokio::test]
    async fn a_call_drains_the_readiness_and_ends_that_without_a_stop() {
        let (tell, told) = mpsc::channel();
        let lifecycle = Lifecycle::builder().observer("the test", move |fact| {
            let _ = match fact.kind {
                FactKind::ReadinessDrained => tell.send("drained"),
                FactKind::ReadinessUndrained => tell.send("undrained"),
                FactKind::Stopping { .. } => tell.send("stopping"),
                _ => Ok(()),
            };
        });
        let service = async {
            let (probes, readiness) = (probes(), readiness());
            crate::ready();
            readiness.undrain();
            for _ in 0..2 {
                assert_eq!(asked(&probes, "/readyz").await, (200, false));
                assert_eq!(asked(&probes, "/").await, (200, false));
                readiness.drain();
                readiness.clone().drain();
                assert!(readiness.is_drained() && !crate::is_stopping());
                assert_eq!(asked(&probes, "/readyz").await, (503, true));
                assert_eq!(asked(&probes, "/livez").await, (200, true));
                assert_eq!(asked(&probes, "/startupz").await, (200, true));
                assert_eq!(asked(&probes, "/").await, (200, true));
                readiness.undrain();
                assert!(!readiness.is_drained());
            }
            assert_eq!(asked(&probes, "/readyz").await, (200, false));
            crate::shutdown("the test");
            readiness.undrain();
            assert_eq!(asked(&probes, "/readyz").await, (503, true));
            assert_eq!(asked(&probes, "/").await, (200, true));
        };
        let report = lifecycle.build().run(service).await;
        assert_eq!(report.exit_status(), 0, "{report}");
        for change in ["drained", "undrained", "drained", "undrained", "stopping"] {
            assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(change));
        }
    }

    /// A service can begin its life drained.
    #[tokio::test]
    async fn a_readiness_that_was_drained_in_the_start_up_is_drained_after_it() {
        let service = async {
            let probes = probes();
            readiness().drain();
            assert_eq!(asked(&probes, "/readyz").await, (503, false), "the start-up is not over");
            assert_eq!(asked(&probes, "/startupz").await.0, 503);
            crate::ready();
            assert_eq!(asked(&probes, "/readyz").await, (503, true));
            assert_eq!(asked(&probes, "/startupz").await.0, 200);
        };
        let report = Lifecycle::builder().build().run(service).await;
        assert_eq!(report.exit_status(), 0, "{report}");
    }

    #[tokio::test]
    async fn the_admin_route_and_the_call_change_the_same_readiness() {
        let service = async {
            crate::ready();
            let probes = probes().admin("/drain");
            let sent = async |method: Method| {
                let request = Request::builder().method(method).uri("/drain").body(Body::new()).unwrap();
                probes.clone().oneshot(request).await.unwrap().status()
            };
            assert_eq!(sent(Method::PUT).await, StatusCode::OK);
            assert!(readiness().is_drained());
            readiness().undrain();
            readiness().drain();
            assert_eq!(sent(Method::DELETE).await, StatusCode::OK);
            assert!(!readiness().is_drained());
            assert_eq!(sent(Method::POST).await, StatusCode::METHOD_NOT_ALLOWED);
        };
        let report = Lifecycle::builder().build().run(service).await;
        assert_eq!(report.exit_status(), 0, "{report}");
    }

    /// What a setting panics with, in a lifecycle.
    fn refusal(configure: impl FnOnce(Probes) -> Probes) -> Option<String> {
        let lifecycle = Lifecycle::builder().build();
        let configured = lifecycle.scope(|| catch_unwind(AssertUnwindSafe(|| drop(configure(probes())))));
        configured.err().map(|panic| panic.downcast_ref::<String>().expect("a text").clone())
    }

    #[test]
    fn a_status_that_means_healthy_to_a_load_balancer_is_refused() {
        for status in [0, 99, 100, 200, 204, 302, 399, 600, 999, 1000, u16::MAX] {
            let said = refusal(|probes| probes.stopping_status(status)).expect("a panic");
            assert!(said.starts_with(&format!("`stopping_status({status})`")), "{said}");
            assert!(said.contains("from 400 to 599"), "{said}");
        }
        for status in [400, 404, 429, 500, 503, 599] {
            assert_eq!(refusal(|probes| probes.stopping_status(status)), None, "{status}");
        }
    }

    #[test]
    fn an_admin_route_needs_a_path_of_its_own() {
        for path in ["", "drain", "/drain?now", "/drain#now", "/readyz", "/livez", "/startupz"] {
            let said = refusal(|probes| probes.admin(path)).expect("a panic");
            assert!(said.contains(path) && said.contains(r#"such as "/drain""#), "{said}");
        }
        for path in ["/", "/drain", "/admin/drain"] {
            assert_eq!(refusal(|probes| probes.admin(path.to_owned())), None, "{path}");
        }
    }
}
