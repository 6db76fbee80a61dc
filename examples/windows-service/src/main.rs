//! A service that runs under the service manager of Windows, and in a console.
//!
//! Install it with `sc.exe create echo binPath= C:\echo.exe`, and start it with `sc.exe start echo`.

#[cfg(windows)]
mod service;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use lifecycle::Process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The service manager waits as long as the service asks for. Before a shutdown Windows waits 10 s, or as long as the
/// setting of the service `PreshutdownTimeout` says.
const GRACE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    #[cfg(windows)]
    if let Some(exit) = service::run_under_the_service_manager() {
        return exit;
    }
    Process::new().grace(GRACE).run(serve())
}

/// Echoes what each client sends.
async fn serve() -> io::Result<()> {
    let listener = lifecycle::net::listen("127.0.0.1:7007").await?;
    lifecycle::net::serve(listener, |mut stream, _peer| async move {
        let mut bytes = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut bytes).await {
            if stream.write_all(&bytes[..length]).await.is_err() || lifecycle::is_stopping() {
                break;
            }
        }
    })
    .await
}
