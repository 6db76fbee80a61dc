//! How the handles of client libraries are released, each behind its feature.

#[cfg(feature = "async-nats")]
mod async_nats;
#[cfg(feature = "sqlx")]
mod sqlx;

#[cfg(feature = "async-nats")]
mod nats {
    use crate::release::{
        Release,
        owned::{ReleaseMut, ReleaseOwned, words},
    };

    #[diagnostic::do_not_recommend]
    impl Release for ::async_nats::Client {
        const BLOCKING: bool = false;

        async fn release(&self) -> Result<(), String> {
            #[cfg(feature = "consumer")]
            crate::consumer::last_words().await;
            super::async_nats::drain(self).await
        }
    }

    impl ReleaseMut for ::async_nats::Subscriber {
        async fn release_mut(&mut self) -> Result<(), String> {
            self.unsubscribe().await.map_err(words)
        }
    }

    impl ReleaseOwned for ::async_nats::Subscriber {
        const BLOCKING: bool = false;

        async fn release_owned(mut self) -> Result<(), String> {
            self.release_mut().await
        }
    }
}

#[cfg(feature = "lapin")]
mod amqp {
    use std::fmt::Display;

    use lapin::{ChannelState, ErrorKind};

    use crate::release::Release;

    /// What the program has closed is closed. One that broke, or that the broker has closed, may have lost what was on
    /// its way.
    #[diagnostic::do_not_recommend]
    impl Release for lapin::Connection {
        const BLOCKING: bool = false;

        async fn release(&self) -> Result<(), String> {
            if self.status().closed() {
                return Ok(());
            }
            #[cfg(feature = "consumer")]
            crate::consumer::last_words().await;
            // Channels that were dropped a moment ago are still to be closed; under a connection that closes, that is
            // an error of the connection. The broker answers in order.
            if let Ok(last) = self.create_channel().await {
                let _ = last.close(200, "shutting down".into()).await;
            }
            self.close(200, "shutting down".into()).await.map_err(unheard)
        }
    }

    /// What is closed, by whomever, is closed. One whose connection broke may have lost what was on its way.
    #[diagnostic::do_not_recommend]
    impl Release for lapin::Channel {
        const BLOCKING: bool = false;

        async fn release(&self) -> Result<(), String> {
            match self.close(200, "shutting down".into()).await {
                Err(error) if is_closed(&error) => Ok(()),
                closed => closed.map_err(unheard),
            }
        }
    }

    fn is_closed(error: &lapin::Error) -> bool {
        matches!(
            error.kind(),
            ErrorKind::InvalidChannelState(ChannelState::Closing | ChannelState::Closed, _)
        )
    }

    fn unheard(error: impl Display) -> String {
        format!("the broker may not have what was sent last: {error}")
    }
}

#[cfg(feature = "opentelemetry")]
mod telemetry {
    use opentelemetry_sdk::{logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};

    use crate::release::{Release, owned::words};

    macro_rules! provider {
        ($($ty:ty)+) => {$(
            #[diagnostic::do_not_recommend]
            impl Release for $ty {
                const BLOCKING: bool = true;

                async fn release(&self) -> Result<(), String> {
                    self.shutdown().map_err(words)
                }
            }
        )+};
    }

    provider!(SdkLoggerProvider SdkMeterProvider SdkTracerProvider);
}

#[cfg(feature = "redis")]
mod redis {
    use crate::release::owned::dropped;

    dropped! {
        false:
        [] ::redis::aio::MultiplexedConnection;
        [] ::redis::aio::ConnectionManager;
        [] ::redis::aio::PubSub;
    }
}

#[cfg(feature = "sqlx")]
mod sql {
    use ::sqlx::{Database, Executor, Pool, pool::PoolConnection};

    use crate::release::{
        Release,
        owned::{ReleaseOwned, words},
    };

    #[diagnostic::do_not_recommend]
    impl<DB: Database> Release for Pool<DB>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        const BLOCKING: bool = false;

        async fn release(&self) -> Result<(), String> {
            super::sqlx::close(self).await
        }
    }

    impl<DB: Database> ReleaseOwned for PoolConnection<DB> {
        const BLOCKING: bool = false;

        async fn release_owned(self) -> Result<(), String> {
            self.close().await.map_err(words)
        }
    }
}

#[cfg(feature = "tracing-appender")]
mod appender {
    use crate::release::owned::dropped;

    // Its drop waits for its thread.
    dropped! {
        true:
        [] tracing_appender::non_blocking::WorkerGuard;
    }
}
