//! The signals of a service that the harness starts.

use std::os::unix::process::ExitStatusExt as _;

use harness::{Service, Signal};

/// A background job ignores SIGINT, and `nohup` ignores SIGHUP. This test ignores all four signals itself.
#[tokio::test]
async fn a_service_does_not_inherit_ignored_signals() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: the arguments are a valid signal and a constant, and no other thread changes a disposition.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM] {
        let service = Service::start("sh", &["-c", "echo ready; exec sleep 60"], &[]).await;
        service.signal(signal);
        let (status, _) = service.ended().await;
        assert_eq!(status.signal(), Some(signal.as_raw()), "{signal:?}: {status}");
    }
}
