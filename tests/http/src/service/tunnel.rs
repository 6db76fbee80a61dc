//! A CONNECT tunnel that echoes its input.

use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

pub(super) fn open(request: Request<Incoming>) -> Response {
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
            // A failed copy ends the tunnel in the same way as a completed one.
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        }
    });
    Response::new(Body::empty())
}
