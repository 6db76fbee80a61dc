//! R30: `grpc.health.v1`, asked by the client of `tonic-health` over real connections.
#![cfg(feature = "http2")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use lifecycle::http::{Probes, probes, readiness};
use lifecycle::{Lifecycle, Report};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

const PATIENCE: Duration = Duration::from_secs(20);

#[lifecycle::resource(no_teardown = "a test", ready = ping)]
struct Database(Arc<std::sync::Mutex<bool>>);

impl Database {
    fn ping(&self) -> bool {
        *self.0.lock().expect("the state")
    }
}

async fn connect(address: SocketAddr) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    HealthClient::new(endpoint.connect().await.expect("it listens"))
}

fn named(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn check(client: &mut HealthClient<Channel>, service: &str) -> Result<ServingStatus, Code> {
    let answer = client.check(named(service)).await;
    answer.map(|answer| answer.get_ref().status()).map_err(|status| status.code())
}

async fn watch(client: &mut HealthClient<Channel>, service: &str) -> Streaming<HealthCheckResponse> {
    client.watch(named(service)).await.expect("a stream").into_inner()
}

/// Waits for the next message. `None` if the stream has ended.
async fn next(watched: &mut Streaming<HealthCheckResponse>) -> Result<Option<ServingStatus>, Status> {
    let message = tokio::time::timeout(PATIENCE, watched.message()).await.expect("a message");
    message.map(|message| message.map(|message| message.status()))
}

/// Runs `test` in a service with probes on the port of the service, or on one of their own.
fn with_health<'a, F: Future<Output = ()> + 'a>(
    on_own_port: bool,
    configure: impl FnOnce(Probes) -> Probes + 'a,
    test: impl FnOnce(SocketAddr) -> F + 'a,
) -> Pin<Box<dyn Future<Output = Report> + 'a>> {
    let (grace, lame_duck) = (Duration::from_secs(20), Duration::from_secs(1));
    let lifecycle = Lifecycle::builder().grace(grace).lame_duck(lame_duck).build();
    let main = async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let probes = configure(probes());
        if on_own_port {
            tokio::spawn(probes.serve(listener));
        } else {
            let hello = async |_: hyper::Request<Incoming>| {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
            };
            lifecycle::spawn(lifecycle::http::serve(listener, probes.or(tower::service_fn(hello))));
        }
        lifecycle::ready();
        test(address).await;
    };
    Box::pin(async move { lifecycle.run(main).await })
}

use ServingStatus::{NotServing, ServiceUnknown, Serving};

#[tokio::test]
async fn check_answers_for_the_whole_and_for_each_name_that_the_program_has_given() {
    join_all([false, true].map(async |on_own_port| {
        let names = |probes: Probes| probes.grpc_service("shop.Orders").grpc_service("shop.Carts");
        let report = with_health(on_own_port, names, async |address| {
            let mut client = connect(address).await;
            for service in ["", "shop.Orders", "shop.Carts"] {
                assert_eq!(check(&mut client, service).await, Ok(Serving), "{service}");
            }
            for service in ["shop", "shop.Orders.", "shop.orders", &"s".repeat(2_000)] {
                assert_eq!(check(&mut client, service).await, Err(Code::NotFound), "{service}");
            }
            assert_eq!(check(&mut client, &"s".repeat(5_000)).await, Err(Code::Internal));
            readiness().drain();
            assert_eq!(check(&mut client, "shop.Carts").await, Ok(NotServing));
            readiness().undrain();
            assert_eq!(check(&mut client, "").await, Ok(Serving));
            lifecycle::shutdown("the test");
            for service in ["", "shop.Orders"] {
                assert_eq!(check(&mut client, service).await, Ok(NotServing), "{service}");
            }
        })
        .await;
        assert!(report.is_clean(), "{report}");
    }))
    .await;
}

#[tokio::test]
async fn watch_sends_each_change_and_ends_at_the_notice_with_not_serving() {
    join_all([false, true].map(async |on_own_port| {
        let report = with_health(
            on_own_port,
            |probes| probes,
            async |address| {
                let is_up = Arc::new(std::sync::Mutex::new(true));
                let database = lifecycle::manage(Database(Arc::clone(&is_up)));
                let mut client = connect(address).await;
                let mut watched = watch(&mut client, "").await;
                assert_eq!(next(&mut watched).await.expect("a stream"), Some(Serving));
                for _ in 0..2 {
                    readiness().drain();
                    assert_eq!(next(&mut watched).await.expect("a stream"), Some(NotServing));
                    readiness().undrain();
                    assert_eq!(next(&mut watched).await.expect("a stream"), Some(Serving));
                }
                // Nobody but the stream asks the instance.
                for up in [false, true] {
                    *is_up.lock().expect("the state") = up;
                    let expected = if up { Serving } else { NotServing };
                    assert_eq!(next(&mut watched).await.expect("a stream"), Some(expected));
                }
                lifecycle::shutdown("the test");
                assert_eq!(next(&mut watched).await.expect("a stream"), Some(NotServing));
                assert_eq!(next(&mut watched).await.expect("an end without an error"), None);
                assert!(watched.trailers().await.expect("they came").is_some());
                assert_eq!(
                    lifecycle::Lifecycle::current().expect("inside").stage(),
                    lifecycle::Stage::LameDuck
                );
                drop(database);
            },
        )
        .await;
        assert!(report.is_clean(), "{report}");
    }))
    .await;
}

/// grpc-go watches again at once after a stream with a message. Such a client would otherwise call in a loop.
#[tokio::test]
async fn a_watch_that_begins_in_the_lame_duck_stays_open_until_the_drain() {
    let report = with_health(
        false,
        |probes| probes,
        async |address| {
            let mut client = connect(address).await;
            lifecycle::shutdown("the test");
            let mut watched = watch(&mut client, "").await;
            assert_eq!(next(&mut watched).await.expect("a stream"), Some(NotServing));
            assert_eq!(next(&mut watched).await.expect("an end without an error"), None);
            assert!(lifecycle::Lifecycle::current().expect("inside").stage() > lifecycle::Stage::LameDuck);
        },
    )
    .await;
    assert!(report.is_clean() && report.took < Duration::from_secs(4), "{report}");
}

#[tokio::test]
async fn a_watch_that_begins_in_the_drain_is_refused() {
    let go = Arc::new(Notify::new());
    let goes = Arc::clone(&go);
    let report = with_health(
        true,
        |probes| probes,
        async move |address| {
            let mut client = connect(address).await;
            // Work in flight, which keeps the drain going.
            lifecycle::spawn(async move { goes.notified().await });
            lifecycle::shutdown("the test");
            lifecycle::draining().await;
            assert_eq!(check(&mut client, "").await, Ok(NotServing));
            let refused = client.watch(named("")).await.expect_err("it is refused");
            assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "the service is stopping"));
            go.notify_one();
        },
    )
    .await;
    assert!(report.is_clean(), "{report}");
}

/// The protocol: `SERVICE_UNKNOWN`, and the stream stays open.
#[tokio::test]
async fn a_watch_of_an_unknown_service_says_so_and_ends_with_the_stop() {
    let report = with_health(
        false,
        |probes| probes,
        async |address| {
            let mut client = connect(address).await;
            let mut watched = watch(&mut client, "shop.Orders").await;
            assert_eq!(next(&mut watched).await.expect("a stream"), Some(ServiceUnknown));
            tokio::select! {
                biased;
                ended = next(&mut watched) => panic!("{ended:?}"),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            lifecycle::shutdown("the test");
            assert_eq!(next(&mut watched).await.expect("an end without an error"), None);
        },
    )
    .await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_request_that_is_not_of_grpc_is_refused_in_the_words_of_http() {
    use http::{Method, Request, StatusCode, Version};
    use tower::ServiceExt as _;

    let main = async {
        let probes = probes();
        let sent = async |method: Method, version: Version, kind: &str| {
            let request = Request::builder()
                .method(method)
                .version(version)
                .uri("/grpc.health.v1.Health/Check")
                .header("content-type", kind);
            let request = request.body(Full::new(Bytes::from_static(&[0; 5]))).expect("a request");
            probes.clone().oneshot(request).await.expect("an answer")
        };
        let (post, grpc) = (Method::POST, "application/grpc");
        assert_eq!(
            sent(post.clone(), Version::HTTP_11, grpc).await.status(),
            StatusCode::HTTP_VERSION_NOT_SUPPORTED
        );
        let refused = sent(Method::GET, Version::HTTP_2, grpc).await;
        assert_eq!(
            (refused.status(), &refused.headers()["allow"]),
            (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
        );
        for kind in ["application/json", "application/grpc-web", "application/grpcx"] {
            let status = sent(post.clone(), Version::HTTP_2, kind).await.status();
            assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        }
        for kind in [grpc, "application/grpc+proto", "application/grpc;a=b"] {
            assert_eq!(sent(post.clone(), Version::HTTP_2, kind).await.status(), StatusCode::OK, "{kind}");
        }
    };
    let report = Lifecycle::builder().build().run(main).await;
    assert!(report.is_clean(), "{report}");
}
