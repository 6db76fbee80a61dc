//! Every form of a start.

use lifecycle::{Managed, Start};

#[lifecycle::resource(provided, no_teardown = "memory only")]
struct Settings;

type Handle<T> = Managed<T>;

#[lifecycle::resource(no_teardown = "memory only")]
struct Database;

#[lifecycle::start(timeout = "5s", retry = "30s")]
impl Start for Database {
    /// Docs, and a pattern as an argument.
    async fn start(_settings: Handle<Settings>) -> std::io::Result<Self> {
        Ok(Self)
    }
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Cache<T: Send + Sync + 'static> {
    database: Managed<Database>,
    _kind: std::marker::PhantomData<fn() -> T>,
}

#[lifecycle::start]
impl<T: Send + Sync + 'static> Start for Cache<T> {
    async fn start(database: Managed<Database>) -> Self {
        Self { database, _kind: std::marker::PhantomData }
    }
}

#[cfg(any())]
#[lifecycle::start]
impl Start for DoesNotExist {
    async fn start() -> Self {}
}

mod inner {
    #[lifecycle::resource(no_teardown = "memory only")]
    pub(crate) struct Orders;

    #[lifecycle::start(crate = ::lifecycle)]
    impl ::lifecycle::Start for Orders {
        async fn start(_: lifecycle::Managed<super::Database>) -> Result<Orders, std::fmt::Error> {
            Ok(Orders)
        }
    }
}

#[lifecycle::resource(no_teardown = "memory only")]
struct First;

#[lifecycle::start]
impl Start for First {
    async fn start() -> Self {
        Self
    }
}

#[lifecycle::resource(provided, no_teardown = "memory only")]
struct Options;

fn options() -> Result<Options, String> {
    Ok(Options)
}

/// Reads something, and so awaits.
async fn read() -> Settings {
    Settings
}

fn _in_a_plain_main() -> std::process::ExitCode {
    let both = async |(_first, _orders): (Managed<First>, Managed<inner::Orders>)| std::io::Result::Ok(());
    let _one = lifecycle::Process::new().run_with(async |_first: Managed<First>| {});
    lifecycle::Process::new().provide(Settings).run_with(both)
}

/// Has docs.
#[lifecycle::main(provide = [read().await, options()])]
async fn main(_first: Managed<First>, _options: Managed<Options>) -> Result<(), lifecycle::StartError> {
    let _orders: Managed<inner::Orders> = lifecycle::start().await?;
    let cache = lifecycle::start::<Cache<u8>>().await?;
    let _ = &cache.database;
    Ok(())
}
