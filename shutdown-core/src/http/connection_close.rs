//! `Connection: close` for the responses of somebody else's server.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::edge::readiness::current_closes_connections;

/// A tower layer that tells HTTP/1 clients to close their connection after the stop has begun.
///
/// [`serve`](super::serve()) needs no such layer. Other servers keep connections open until their own shutdown begins, and
/// then close them at an instant that the client does not know. A request that is sent at that instant is lost. This
/// layer adds `Connection: close` to the responses of the lame duck and of the drain (RFC 9112, section 9.6), so that a
/// client opens a new connection for its next request. It does the same while the [readiness](super::Readiness) is drained.
///
/// Some responses stay as they are:
///
/// - A response before the stop, or outside of a lifecycle.
/// - A response to an HTTP/2 request. HTTP/2 has no such header, and its servers send GOAWAY.
/// - The response that upgrades a connection: status 101, or a success of `CONNECT`.
///
/// Under [`lifecycle::main`](macro@crate::main) the layer works in every runtime and on every thread. A server with other
/// types than those of the crate `http` needs a middleware of its own:
/// [`recipes::other_servers`](crate::recipes::other_servers) has one for each of several servers.
///
/// # Examples
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use lifecycle::http::ConnectionCloseLayer;
/// use tokio::net::TcpListener;
///
/// #[lifecycle::main(grace = "25s", lame_duck = "5s")]
/// async fn main() -> std::io::Result<()> {
///     let routes = Router::new().route("/", get(async || "hello\n")).layer(ConnectionCloseLayer);
///     let listener = TcpListener::bind("0.0.0.0:8080").await?;
///     let drained = lifecycle::net::drained(&listener)?;
///     axum::serve(listener, routes).with_graceful_shutdown(drained).await
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias("keep-alive", "middleware", "tower"))]
pub struct ConnectionCloseLayer;

impl<S> Layer<S> for ConnectionCloseLayer {
    type Service = ConnectionClose<S>;

    fn layer(&self, inner: S) -> ConnectionClose<S> {
        ConnectionClose { inner }
    }
}

/// The service that [`ConnectionCloseLayer`] makes.
#[derive(Clone, Debug)]
pub struct ConnectionClose<S> {
    inner: S,
}

impl<S, A, B> Service<Request<A>> for ConnectionClose<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = ConnectionCloseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> ConnectionCloseFuture<S::Future> {
        let version = request.version();
        let connects = request.method() == Method::CONNECT;
        ConnectionCloseFuture { future: self.inner.call(request), version, connects }
    }
}

pin_project! {
    /// The future of [`ConnectionClose`].
    #[derive(Debug)]
    pub struct ConnectionCloseFuture<F> {
        #[pin]
        future: F,
        version: Version,
        connects: bool,
    }
}

impl<F, B, E> Future for ConnectionCloseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        let upgrades = response.status() == StatusCode::SWITCHING_PROTOCOLS
            || *this.connects && response.status().is_success();
        if *this.version <= Version::HTTP_11 && !upgrades && current_closes_connections() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            // hyper adds `keep-alive` to an HTTP/1.1 response for an HTTP/1.0 client that asked for it.
            if *this.version <= Version::HTTP_10 {
                *response.version_mut() = Version::HTTP_10;
            }
        }
        Poll::Ready(Ok(response))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tower::ServiceExt as _;

    use super::*;
    use crate::Lifecycle;

    /// Sends `request` through the layer, to a service that answers with `status`.
    async fn answer(request: http::request::Builder, status: StatusCode) -> Response<()> {
        let inner = tower::service_fn(move |_: Request<()>| async move {
            let mut response = Response::new(());
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        });
        ConnectionCloseLayer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap()
    }

    fn says_close(response: &Response<()>) -> bool {
        response.headers().get(CONNECTION).is_some_and(|value| value == "close")
    }

    /// Runs `test` in a lifecycle that is stopping.
    async fn stopping(test: impl Future<Output = ()>) {
        let report = Lifecycle::builder()
            .build()
            .run(async {
                crate::ready();
                crate::shutdown("the test");
                test.await;
            })
            .await;
        assert_eq!(report.exit_status(), 0, "{report}");
    }

    #[tokio::test]
    async fn a_response_says_close_only_after_the_stop_has_begun() {
        assert!(!says_close(&answer(Request::get("/"), StatusCode::OK).await), "outside of a lifecycle");
        let mut said = None;
        let service = async {
            crate::ready();
            assert!(!says_close(&answer(Request::get("/"), StatusCode::OK).await), "before the stop");
            crate::shutdown("the test");
            said = Some(says_close(&answer(Request::get("/"), StatusCode::OK).await));
        };
        let report = Lifecycle::builder().build().run(service).await;
        assert_eq!(report.exit_status(), 0, "{report}");
        assert_eq!(said, Some(true));
    }

    /// R30: the clients of a drained service connect to another instance.
    #[tokio::test]
    async fn a_response_says_close_while_the_readiness_is_drained() {
        let service = async {
            crate::ready();
            let readiness = crate::http::readiness();
            for drained in [false, true, false] {
                if drained {
                    readiness.drain();
                } else {
                    readiness.undrain();
                }
                assert_eq!(says_close(&answer(Request::get("/"), StatusCode::OK).await), drained);
            }
        };
        let report = Lifecycle::builder().build().run(service).await;
        assert_eq!(report.exit_status(), 0, "{report}");
    }

    #[tokio::test]
    async fn an_upgrade_and_an_http2_response_stay_as_they_are() {
        stopping(async {
            assert!(!says_close(&answer(Request::get("/"), StatusCode::SWITCHING_PROTOCOLS).await));
            assert!(!says_close(&answer(Request::connect("/"), StatusCode::OK).await));
            assert!(says_close(&answer(Request::connect("/"), StatusCode::FORBIDDEN).await));
            let http2 = Request::get("/").version(Version::HTTP_2);
            assert!(!says_close(&answer(http2, StatusCode::OK).await));
        })
        .await;
    }

    #[tokio::test]
    async fn an_http_1_0_response_has_the_version_that_hyper_does_not_add_keep_alive_to() {
        stopping(async {
            let old = Request::get("/").version(Version::HTTP_10);
            let response = answer(old, StatusCode::OK).await;
            assert!(says_close(&response));
            assert_eq!(response.version(), Version::HTTP_10);
        })
        .await;
    }

    /// Sends a request to axum's own server, which does not know of the stop, and reads until the server closes.
    async fn answer_of_axum(request: &str) -> String {
        let routes = axum::Router::new().route("/", axum::routing::get(async || "hello\n"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server =
            tokio::spawn(async move { axum::serve(listener, routes.layer(ConnectionCloseLayer)).await });
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        server.abort();
        answer.to_lowercase()
    }

    /// The lifecycle has a runtime of its own, so that axum's tasks are inside of it, as under `main`.
    #[test]
    fn a_keep_alive_client_of_axum_is_told_once_to_close_in_either_version() {
        let service = async {
            crate::ready();
            crate::shutdown("the test");
            for version in ["1.0", "1.1"] {
                let request = format!("GET / HTTP/{version}\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
                let answer = answer_of_axum(&request).await;
                let said: Vec<_> = answer.lines().filter(|line| line.starts_with("connection:")).collect();
                assert_eq!(said, ["connection: close"], "{answer}");
            }
        };
        let lifecycle = Lifecycle::builder().grace(Duration::from_secs(5)).build();
        let report = lifecycle.block_on(service).unwrap();
        assert_eq!(report.exit_status(), 0, "{report}");
    }
}
