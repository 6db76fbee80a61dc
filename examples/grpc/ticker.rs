//! The service: one price every 20 ms.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::ticker_v1::ticker_server::Ticker;
use crate::ticker_v1::{Price, TakeRequest, WatchRequest};

const TICK: Duration = Duration::from_millis(20);

/// Makes prices up.
pub(crate) struct Market {
    opened: Instant,
}

impl Market {
    pub(crate) fn open() -> Market {
        Market { opened: Instant::now() }
    }

    /// Every price from now on.
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

    /// It has an end, so there is nothing to do: a stream that is under way at the stop is in flight until its last
    /// price. Only one that outlasts the drain is cut, and the report names it.
    async fn take(&self, request: Request<TakeRequest>) -> Result<Response<Self::TakeStream>, Status> {
        let prices = usize::try_from(request.get_ref().prices).unwrap_or(usize::MAX);
        Ok(Response::new(self.prices().take(prices).boxed()))
    }

    type WatchStream = BoxStream<'static, Result<Price, Status>>;

    /// It has no end, so it hears of the stop: when the doors are closed, not at the notice, since a client that is
    /// turned out during the lame duck begins anew on the same connection. It ends with `UNAVAILABLE`, which clients
    /// take for a reason to go elsewhere, and not with `OK`, which would say that there are no more prices.
    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let end =
            stream::once(async { Err(Status::unavailable("the service is stopping: watch elsewhere")) });
        let prices = self.prices().take_until(lifecycle::draining()).chain(end);
        Ok(Response::new(prices.boxed()))
    }
}
