//! The file that the services write, and what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The file of one scenario, which is removed when this value is dropped.
pub(crate) struct Ledger {
    path: PathBuf,
    read: Mutex<Read>,
}

/// What was read so far. A test looks often, so each line is read once.
#[derive(Default)]
struct Read {
    bytes: usize,
    lines: Vec<Line>,
    /// How often each message was handled to the end.
    ended: BTreeMap<u64, u64>,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) event: String,
    pub(crate) number: u64,
    pub(crate) partition: i32,
    pub(crate) process: u32,
    /// Milliseconds since 1970.
    pub(crate) at: u128,
}

impl Line {
    #[track_caller]
    fn parse(line: &str) -> Line {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap_or_else(|| panic!("a short line: {line}"));
        Line {
            event: next().to_owned(),
            number: next().parse().expect("a number"),
            partition: next().parse().expect("a partition"),
            process: next().parse().expect("a process"),
            at: next().parse().expect("a time"),
        }
    }
}

impl Ledger {
    pub(crate) fn new(name: &str) -> Ledger {
        let path = std::env::temp_dir().join(format!("lifecycle-kafka-{}-{name}", std::process::id()));
        std::fs::write(&path, "").expect("a file can be made");
        Ledger { path, read: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the new lines.
    fn read(&self) -> MutexGuard<'_, Read> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = File::open(&self.path).expect("it is there");
        file.seek(SeekFrom::Start(read.bytes as u64)).expect("a file");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("it is text");
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            read.bytes += line.len() + 1;
            let line = Line::parse(line);
            if line.event == "end" {
                *read.ended.entry(line.number).or_insert(0) += 1;
            }
            read.lines.push(line);
        }
        read
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.read().lines.clone()
    }

    /// Counts the lines for each number with this event.
    pub(crate) fn counts(&self, event: &str) -> BTreeMap<u64, u64> {
        let mut counts = BTreeMap::new();
        for line in self.read().lines.iter().filter(|line| line.event == event) {
            *counts.entry(line.number).or_insert(0) += 1;
        }
        counts
    }

    /// Returns how many different messages were handled to the end.
    pub(crate) fn handled(&self) -> u64 {
        self.read().ended.len() as u64
    }

    /// Returns how many handlings were repetitions.
    pub(crate) fn twice(&self) -> u64 {
        self.read().ended.values().map(|count| count - 1).sum()
    }

    /// Checks that each message of a partition began after the one before it had ended, in the order of the numbers.
    #[track_caller]
    pub(crate) fn check_order(&self) {
        let mut running = BTreeMap::new();
        let mut last = BTreeMap::new();
        for line in self.lines() {
            if line.event == "begin" {
                let other = running.insert(line.partition, line.number);
                assert_eq!(other, None, "two messages of a partition at once: {line:?}");
            } else {
                assert_eq!(running.remove(&line.partition), Some(line.number), "another one ends: {line:?}");
                if line.event == "failed" {
                    continue;
                }
                let before = last.insert(line.partition, line.number);
                assert!(before.is_none_or(|before| before < line.number), "{before:?} was before {line:?}");
            }
        }
    }

    /// Returns the partitions whose last line is of this process.
    pub(crate) fn partitions_of(&self, process: u32) -> BTreeSet<i32> {
        let owners: BTreeMap<i32, u32> =
            self.lines().into_iter().map(|line| (line.partition, line.process)).collect();
        owners.into_iter().filter(|(_, owner)| *owner == process).map(|(partition, _)| partition).collect()
    }

    /// Returns the time of the first message that another process begins in one of these partitions.
    pub(crate) fn taken_over(&self, partitions: &BTreeSet<i32>, from: u32, after: u128) -> Option<u128> {
        let read = self.read();
        let mut taken = read.lines.iter().filter(|line| {
            line.event == "begin" && line.process != from && partitions.contains(&line.partition)
        });
        taken.find(|line| line.at >= after).map(|line| line.at)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Returns the milliseconds since 1970.
pub(crate) fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_millis()
}
