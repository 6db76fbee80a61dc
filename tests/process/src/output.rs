//! The output of a running child, line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One stream of a child, which a thread reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    read: Mutex<Text>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Text {
    lines: Vec<String>,
    over: bool,
}

impl Output {
    /// Reads `stream` to its end. A stream that is not piped has no lines.
    pub(crate) fn of<R: Read + Send + 'static>(stream: Option<R>) -> Output {
        let output = Output::default();
        let Some(stream) = stream else {
            output.text().over = true;
            return output;
        };
        let reader = output.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n') {
                let Ok(line) = line else { break };
                reader.text().lines.push(String::from_utf8_lossy(&line).into_owned());
                reader.0.grown.notify_all();
            }
            reader.text().over = true;
            reader.0.grown.notify_all();
        });
        output
    }

    fn text(&self) -> MutexGuard<'_, Text> {
        self.0.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.text().lines.clone()
    }

    /// Waits for `line`, for the end of the stream, or until `until`. Returns whether `line` was written.
    pub(crate) fn wait_for(&self, line: &str, until: Instant) -> bool {
        self.wait(until, |text| text.lines.iter().any(|said| said == line) || text.over);
        self.text().lines.iter().any(|said| said == line)
    }

    /// Waits for a line that begins with `start`, for the end of the stream, or until `until`. Returns the rest of the
    /// line.
    pub(crate) fn wait_for_start(&self, start: &str, until: Instant) -> Option<String> {
        let rest =
            |text: &Text| text.lines.iter().find_map(|line| line.strip_prefix(start).map(str::to_owned));
        self.wait(until, |text| rest(text).is_some() || text.over);
        rest(&self.text())
    }

    /// Waits until every writer has closed the stream, or until `until`.
    pub(crate) fn wait_for_end(&self, until: Instant) {
        self.wait(until, |text| text.over);
    }

    fn wait(&self, until: Instant, done: impl Fn(&Text) -> bool) {
        let text = self.text();
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.0.grown.wait_timeout_while(text, left, |text| !done(text));
        drop(waited);
    }
}
