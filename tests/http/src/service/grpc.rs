//! A gRPC service whose messages are bytes. The build therefore needs no protobuf compiler.

use axum::extract::{Request, State};
use futures_util::stream::{self, StreamExt as _};
use http::Response;
use tonic::Status;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;

use super::Orders;

/// A codec that passes bytes through unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(dst, &item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; bytes::Buf::remaining(src)];
        bytes::Buf::copy_to_slice(src, &mut item);
        Ok(Some(item))
    }
}

/// Streams `one` at once, and streams `two` and `three` after the order arrives.
pub(super) async fn count(State(orders): State<Orders>, request: Request) -> Response<Body> {
    let count = tower::service_fn(move |_: tonic::Request<Vec<u8>>| {
        let orders = orders.clone();
        async move {
            let two = stream::once(async move {
                orders.wait_for("/test.Counter/Count").await;
                Ok(b"two".to_vec())
            });
            let stream =
                stream::iter([Ok(b"one".to_vec())]).chain(two).chain(stream::iter([Ok(b"three".to_vec())]));
            Ok::<_, Status>(tonic::Response::new(Box::pin(stream)))
        }
    });
    Grpc::new(Raw).server_streaming(count, request).await
}

/// Returns the received message.
pub(super) async fn say(request: Request) -> Response<Body> {
    let say = tower::service_fn(async |request: tonic::Request<Vec<u8>>| {
        Ok::<_, Status>(tonic::Response::new(request.into_inner()))
    });
    Grpc::new(Raw).unary(say, request).await
}
