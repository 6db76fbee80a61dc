//! The ticker: sends one price every 20 ms.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::ticker_v1::ticker_server::Ticker;
use crate::ticker_v1::{Price, TakeRequest, WatchRequest};

const TICK: Duration = Duration::from_millis(20);

/// A market with invented prices.
pub(crate) struct Market {
    opened: Instant,
}

impl Market {
    pub(crate) fn open() -> Market {
        Market { opened: Instant::now() }
    }

    /// Returns all prices from the next one.
    fn prices(&self) -> impl Stream<Item = Result<Price, Status>> + Send + use<> {
        let opened = self.opened;
        let so_far = opened.elapsed().as_millis() / TICK.as_millis();
        stream::unfold(u32::try_from(so_far).unwrap_or(u32::MAX), move |last| async move {
            let number = last.checked_add(1)?;
            tokio::time::sleep_until(opened + TICK * number).await;
            Some((Ok(Price { number, cents: 10_000 + number % 89 }), number))
        })
    }
}

#[tonic::async_trait]
impl Ticker for Market {
    type TakeStream = BoxStream<'static, Result<Price, Status>>;

    /// Sends a number of prices. This stream has an end, so the drain waits for it. A stream that is longer than the
    /// drain is cut off, and the report names it.
    async fn take(&self, request: Request<TakeRequest>) -> Result<Response<Self::TakeStream>, Status> {
        let prices = usize::try_from(request.get_ref().prices).unwrap_or(usize::MAX);
        Ok(Response::new(self.prices().take(prices).boxed()))
    }

    type WatchStream = BoxStream<'static, Result<Price, Status>>;

    /// Sends prices until the drain begins. `stopping()` would be too early: during the lame duck the client would
    /// call again on the same connection. The status `UNAVAILABLE` sends a client to another server. `OK` would mean
    /// that there are no more prices.
    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let end =
            stream::once(async { Err(Status::unavailable("the service is stopping: watch another one")) });
        let prices = self.prices().take_until(lifecycle::draining()).chain(end);
        Ok(Response::new(prices.boxed()))
    }
}
