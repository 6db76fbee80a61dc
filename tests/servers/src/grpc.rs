//! A gRPC client that sends each request once, and the service that it calls.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream;
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use prost::Message as _;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::{Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::load::Asked;

/// A connection of a client.
#[derive(Debug)]
pub struct Connection {
    requests: SendRequest<Bytes>,
    driver: JoinHandle<()>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// Returns the error of the kernel, or that of the handshake.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
        let driver = tokio::spawn(async move {
            // The request that this fails has the error too.
            let _ = connection.await;
        });
        Ok(Connection { requests, driver })
    }

    /// Calls `Health.Check` for `service`.
    pub async fn ask(&mut self, service: &str) -> Asked {
        let Ok(response) = self.send(service).await else { return Asked::NotSent };
        match answer(response).await {
            Ok(()) => Asked::Answered { closes: false },
            // The stream is above the last one of the GOAWAY, or it was refused: the server has not processed the request,
            // and the client sends it again (RFC 9113, sections 6.8 and 8.7).
            Err(error) if error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR) => {
                Asked::NotSent
            }
            Err(error) if error.reason() == Some(h2::Reason::REFUSED_STREAM) => Asked::NotSent,
            Err(error) => Asked::Lost(error.to_string()),
        }
    }

    async fn send(&mut self, service: &str) -> Result<ResponseFuture, h2::Error> {
        let request = Request::post("http://servers/grpc.health.v1.Health/Check");
        let request = request.header("content-type", "application/grpc").header("te", "trailers");
        let message = HealthCheckRequest { service: service.to_owned() };
        let mut body = BytesMut::new();
        body.put_u8(0);
        body.put_u32(u32::try_from(message.encoded_len()).expect("it is short"));
        message.encode(&mut body).expect("the buffer grows");

        let mut requests = self.requests.clone().ready().await?;
        let (response, mut stream) = requests.send_request(request.body(()).expect("a request"), false)?;
        stream.send_data(body.freeze(), true)?;
        Ok(response)
    }
}

/// Reads one response, whose status has to be `OK`.
async fn answer(response: ResponseFuture) -> Result<(), h2::Error> {
    let mut body = response.await?.into_body();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    assert_eq!(trailers.get("grpc-status").map(|status| status.as_bytes()), Some(&b"0"[..]), "{trailers:?}");
    Ok(())
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The service of the recipe, for the control.
#[derive(Debug)]
pub struct Slow;

#[tonic::async_trait]
impl Health for Slow {
    async fn check(
        &self,
        request: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if request.get_ref().service == "slow" {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    type WatchStream = stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("nothing changes"))
    }
}
