//! The last runs of a report file, in bounded memory.

use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

use super::run::{Line, Run};
use super::stop::Stop;

/// The number of runs without a report that are kept in addition. A run that is killed leaves one.
const MAX_OPEN: usize = 256;

/// What a file says.
#[derive(Debug)]
pub(super) struct Stops {
    /// The last runs, the newest first.
    pub(super) runs: Vec<Stop>,
    /// The run before the first one of [`runs`](Stops::runs), for a comparison.
    pub(super) before: Option<Stop>,
    /// The number of runs in the file that are older.
    pub(super) older: usize,
    /// The number of lines that are torn, or of another program, and the first of them.
    pub(super) skipped: usize,
    pub(super) first_skipped: usize,
}

/// Reads lines of several runs, which may be mixed.
#[derive(Debug)]
pub(super) struct Reader {
    last: usize,
    /// The runs without a report so far, each with the number of its last line.
    open: HashMap<String, (usize, Run)>,
    over: VecDeque<Run>,
    dropped: usize,
    lines: usize,
    skipped: usize,
    first_skipped: usize,
}

impl Reader {
    /// Keeps the last `last` runs, and one more for a comparison.
    pub(super) fn new(last: usize) -> Reader {
        Reader {
            last,
            open: HashMap::new(),
            over: VecDeque::new(),
            dropped: 0,
            lines: 0,
            skipped: 0,
            first_skipped: 0,
        }
    }

    pub(super) fn line(&mut self, line: &[u8]) {
        self.lines += 1;
        if line.trim_ascii().is_empty() {
            return;
        }
        let Some(line) = Line::read(line) else {
            self.skipped += 1;
            if self.skipped == 1 {
                self.first_skipped = self.lines;
            }
            return;
        };
        // The report is the last line of a run. More lines come from a file that was appended to itself.
        if self.over.iter().any(|run| run.id == line.run) {
            return;
        }
        let (number, id, at) = (self.lines, line.run.clone(), line.at);
        let (last, run) = self.open.entry(id.clone()).or_insert_with(|| (number, Run::new(id, at)));
        *last = number;
        run.learn(line);
        if run.report.is_some() {
            let run = run.id.clone();
            self.close(&run);
        } else if self.open.len() > self.last + MAX_OPEN {
            let oldest = self.open.iter().min_by_key(|(_, (last, _))| *last).map(|(id, _)| id.clone());
            self.close(&oldest.unwrap_or_default());
        }
    }

    fn close(&mut self, run: &str) {
        let Some((_, run)) = self.open.remove(run) else { return };
        self.over.push_back(run);
        // Runs end in another order than their stops begin, but not by many places.
        if self.over.len() > self.last + 1 + MAX_OPEN {
            self.over.pop_front();
            self.dropped += 1;
        }
    }

    pub(super) fn finish(mut self, now: SystemTime) -> Stops {
        self.over.extend(self.open.into_values().map(|(_, run)| run));
        let mut runs: Vec<Run> = self.over.into();
        let begin = |run: &Run| run.stopping.as_ref().map_or(run.last, |stopping| stopping.at);
        runs.sort_by_key(|run| (begin(run), run.first));
        let older = runs.len().saturating_sub(self.last);
        let shown = runs.split_off(older);
        let before = runs.pop().map(|run| Stop::of(run, now));
        let runs = shown.into_iter().rev().map(|run| Stop::of(run, now)).collect();
        Stops {
            runs,
            before,
            older: older + self.dropped,
            skipped: self.skipped,
            first_skipped: self.first_skipped,
        }
    }
}
