//! The last runs of a report file, in bounded memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::SystemTime;

use super::run::{Line, Run};
use super::stop::Stop;

/// The number of runs that are kept in addition, because runs end in another order than their stops begin.
const SLACK: usize = 256;

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
    /// The runs of `over` that have a report.
    sealed: HashSet<String>,
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
            sealed: HashSet::new(),
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
        if self.sealed.contains(&line.run) {
            return;
        }
        let (number, id) = (self.lines, line.run.clone());
        if !self.open.contains_key(&id) {
            let run = self.taken_back(&id).unwrap_or_else(|| Run::new(id.clone(), line.at));
            self.open.insert(id.clone(), (number, run));
        }
        let Some((last, run)) = self.open.get_mut(&id) else { return };
        *last = number;
        run.learn(line);
        if run.report.is_some() {
            self.sealed.insert(id.clone());
            self.close(&id);
        } else if self.open.len() > self.last + 2 * SLACK {
            let mut by_age: Vec<(usize, String)> =
                self.open.iter().map(|(id, (last, _))| (*last, id.clone())).collect();
            by_age.sort_unstable();
            for (_, id) in by_age.into_iter().take(SLACK) {
                self.close(&id);
            }
        }
    }

    /// Takes back a run that was thought to be over, because it wrote nothing for so long.
    fn taken_back(&mut self, id: &str) -> Option<Run> {
        let at = self.over.iter().position(|run| run.id == id)?;
        self.over.remove(at)
    }

    fn close(&mut self, run: &str) {
        let Some((_, run)) = self.open.remove(run) else { return };
        self.over.push_back(run);
        if self.over.len() > self.last + 1 + SLACK {
            if let Some(dropped) = self.over.pop_front() {
                self.sealed.remove(&dropped.id);
            }
            self.dropped += 1;
        }
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.open.len() + self.over.len()
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
