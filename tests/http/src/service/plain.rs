//! A protocol that is not HTTP: what comes is sent back.

use std::io;

use lifecycle::net::Listening;

use super::wishes::Wishes;

pub(super) async fn run(wishes: &Wishes, listener: Listening) -> io::Result<()> {
    let polite = wishes.has("polite");
    lifecycle::net::serve(listener, move |stream, _| async move {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let stopping = async {
            match polite {
                true => lifecycle::stopping().await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::io::copy(&mut reader, &mut writer) => {}
            () = stopping => {}
        }
    })
    .await
}
