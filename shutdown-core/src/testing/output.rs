//! The output of a running service, line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use crate::sync::{lock, wait_timeout_while};

/// One stream of a service, which a thread reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    text: Mutex<Text>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Text {
    lines: Vec<String>,
    over: bool,
}

impl Output {
    /// Reads `stream` to its end. A stream that is not piped has no lines.
    pub(super) fn of<R: Read + Send + 'static>(stream: Option<R>) -> Output {
        let output = Output::default();
        let Some(stream) = stream else {
            output.end();
            return output;
        };
        let reader = output.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n') {
                let Ok(line) = line else { break };
                reader.push(String::from_utf8_lossy(&line).into_owned());
            }
            reader.end();
        });
        output
    }

    pub(super) fn push(&self, line: String) {
        lock(&self.0.text).lines.push(line);
        self.0.grown.notify_all();
    }

    fn end(&self) {
        lock(&self.0.text).over = true;
        self.0.grown.notify_all();
    }

    pub(super) fn lines(&self) -> Vec<String> {
        lock(&self.0.text).lines.clone()
    }

    /// Returns whether every writer has closed the stream.
    pub(super) fn is_over(&self) -> bool {
        lock(&self.0.text).over
    }

    /// Waits until `find` finds something in a line, until the stream ends, or until `until`.
    pub(super) fn find<T>(&self, until: Instant, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = |text: &Text| text.lines.iter().find_map(|line| find(line));
        self.wait(until, |text| text.over || found(text).is_some());
        found(&lock(&self.0.text))
    }

    /// Waits until every writer has closed the stream, or until `until`.
    pub(super) fn wait_for_end(&self, until: Instant) {
        self.wait(until, |text| text.over);
    }

    fn wait(&self, until: Instant, done: impl Fn(&Text) -> bool) {
        let left = until.saturating_duration_since(Instant::now());
        let text = lock(&self.0.text);
        drop(wait_timeout_while(&self.0.grown, text, left, |text| !done(text)));
    }
}
