//! The keep-alive of systemd's watchdog: it is told only while the runtime answers (R37).

use std::io;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::observe::systemd::Systemd;
use crate::sync::thread;

/// Starts the thread that asks the runtime, if the service manager has a watchdog for this process.
pub(super) fn start(systemd: Arc<Systemd>, runtime: Handle) -> io::Result<()> {
    let variable = |name: &str| std::env::var(name).ok();
    let Some(interval) = interval(variable, std::process::id()) else { return Ok(()) };
    thread::start("lc-keep-alive", move || {
        loop {
            let asked = Instant::now();
            let (sender, answer) = mpsc::channel();
            runtime.spawn(async move {
                let _ = sender.send(());
            });
            // A runtime that is late is asked again at once.
            if answer.recv_timeout(interval).is_ok() {
                systemd.keep_alive();
            }
            std::thread::sleep(interval.saturating_sub(asked.elapsed()));
        }
    })
}

/// Returns half of the watchdog's time, as `sd_watchdog_enabled(3)` recommends. `None` without a watchdog, and with one for
/// another process.
fn interval(variable: impl Fn(&str) -> Option<String>, own_pid: u32) -> Option<Duration> {
    let is_ours = variable("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(own_pid));
    let micros = variable("WATCHDOG_USEC")?.parse().ok().filter(|micros| *micros > 0)?;
    is_ours.then(|| Duration::from_micros(micros) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(usec: Option<&str>, pid: Option<&str>) -> Option<Duration> {
        let variables = [("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)];
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name)?.1.map(str::to_owned);
        interval(find, 7)
    }

    #[test]
    fn r37_the_watchdog_is_fed_at_half_of_its_time() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(of(Some("2000000"), None), second);
        assert_eq!(of(Some("2000000"), Some("7")), second);
        for (usec, pid) in
            [(None, None), (Some("2000000"), Some("8")), (Some("0"), None), (Some("soon"), None)]
        {
            assert_eq!(of(usec, pid), None, "{usec:?} {pid:?}");
        }
    }
}
