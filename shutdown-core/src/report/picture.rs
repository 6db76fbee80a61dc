//! A stop as bars on axes of time. The SVG of a report and the page of `lifecycle show` draw the same ones.
//!
//! The first section shows the stages on the axis of the whole stop. Each stage with teardowns has a section with an axis of
//! its own. A cleanup of 20 ms after a drain of 20 s would otherwise be a thin line.

use std::fmt::Write as _;
use std::time::Duration;

use super::{InstanceReport, Outcome, Report};
use crate::stage::Stage;

/// The bars of one stop.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) sections: Vec<Section>,
}

/// Bars with one axis.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) window: Window,
    pub(crate) bars: Vec<Bar>,
}

/// One row: a stage, an instance, or work that was cut off.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    /// `None` if it never ran.
    pub(crate) start: Option<Duration>,
    pub(crate) took: Duration,
    pub(crate) mark: Mark,
    /// The outcome in words.
    pub(crate) words: String,
    /// The place in the source, if it helps.
    pub(crate) place: Option<String>,
}

/// How a bar is drawn. The words next to the bar say the same, because not everybody sees the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Stage,
    Ok,
    Unconfirmed,
    Failed,
    TimedOut,
    NotRun,
    CutOff,
    /// The process was killed before the end.
    Open,
}

/// The part of the stop that an axis shows, counted from the request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}

/// The parts of an axis: hundredths of a percent.
const WHOLE: u128 = 10_000;
/// The greatest number of intervals of an axis.
const MAX_INTERVALS: u128 = 5;

impl Picture {
    /// Draws the stages of a stop that took `took`, its hooks at the notice, and the teardowns of its cleanup and its flush.
    pub(crate) fn new(
        took: Duration,
        stages: Vec<Bar>,
        at_notice: Vec<Bar>,
        cut_off: Vec<String>,
        cleanup: Vec<Bar>,
        flush: Vec<Bar>,
    ) -> Picture {
        let whole = Window { from: Duration::ZERO, to: took };
        let window_of = |stage: Stage, bars: &[Bar]| {
            let stage = stages.iter().find(|bar| bar.name == stage.to_string());
            Window::around(stage.into_iter().chain(bars)).unwrap_or(whole)
        };
        let sections = [(Stage::Cleanup, cleanup), (Stage::Flush, flush)].map(|(stage, bars)| Section {
            title: stage.to_string(),
            window: window_of(stage, &bars),
            bars,
        });
        let drain = stages.iter().find(|bar| bar.name == Stage::Drain.to_string());
        let (start, took) =
            drain.map_or((Duration::ZERO, took), |drain| (drain.start.unwrap_or_default(), drain.took));
        let cut_off = cut_off.into_iter().map(|work| Bar {
            name: "cut off".to_owned(),
            start: Some(start),
            took,
            mark: Mark::CutOff,
            words: work,
            place: None,
        });
        let cut_off: Vec<Bar> = cut_off.collect();
        let stop = Section {
            title: "stop".to_owned(),
            window: whole,
            bars: stages.into_iter().chain(at_notice).chain(cut_off).collect(),
        };
        let with_bars = sections.into_iter().filter(|section| !section.bars.is_empty());
        Picture { sections: std::iter::once(stop).chain(with_bars).collect() }
    }
}

impl From<&Report> for Picture {
    fn from(report: &Report) -> Picture {
        let stages =
            report.stages.iter().map(|stage| Bar::of_stage(stage.stage.to_string(), stage.start, stage.took));
        let of =
            |last: bool| report.instances.iter().filter(move |row| row.last == last).map(Bar::from).collect();
        let cut_off = report.stragglers.iter().map(ToString::to_string).collect();
        let at_notice = report.instances.iter().filter_map(Bar::of_at_notice).collect();
        Picture::new(report.took, stages.collect(), at_notice, cut_off, of(false), of(true))
    }
}

impl Bar {
    pub(crate) fn of_stage(name: String, start: Duration, took: Duration) -> Bar {
        Bar { name, start: Some(start), took, mark: Mark::Stage, words: String::new(), place: None }
    }

    /// Draws the hook of an instance at the notice, if it had one.
    fn of_at_notice(row: &InstanceReport) -> Option<Bar> {
        let hook = row.at_notice.as_ref()?;
        Some(Bar {
            name: format!("{} at notice", row.name),
            start: Some(hook.start),
            took: hook.took,
            mark: Mark::of(&hook.outcome),
            words: hook.outcome.to_string(),
            place: Some(row.location.to_string()),
        })
    }

    /// Draws the bar, in percent of the width, in a box that is 20 pixels high.
    pub(crate) fn draw(&self, window: Window) -> String {
        let Some(start) = self.start else {
            return "<rect class=\"not-run\" x=\"0.2%\" y=\"5\" width=\"99.6%\" height=\"10\" rx=\"2\"/>"
                .to_owned();
        };
        // A span too short to be seen is drawn half a percent wide, inside of the box.
        let left = window.part(start).min(WHOLE - 50);
        let right = window.part(start + self.took).max(left + 50);
        let mut out = String::new();
        let _ = write!(
            out,
            "<rect class=\"{}\" x=\"{}\" y=\"4\" width=\"{}\" height=\"12\" rx=\"2\"/>",
            self.class(),
            percent(left),
            percent(right - left),
        );
        if matches!(self.mark, Mark::TimedOut | Mark::CutOff | Mark::Open) {
            let at = percent(right.min(WHOLE - 20));
            let _ = write!(out, "<line class=\"end\" x1=\"{at}\" x2=\"{at}\" y1=\"0\" y2=\"20\"/>");
        }
        out
    }
}

impl Bar {
    /// The class of the drawn bar in a style sheet. Each stage has one, so that a person knows it again.
    fn class(&self) -> &'static str {
        match (self.mark, self.name.as_str()) {
            (Mark::Stage, "lame duck") => "stage-lame-duck",
            (Mark::Stage, "drain") => "stage-drain",
            (Mark::Stage, "cleanup") => "stage-cleanup",
            (Mark::Stage, "flush") => "stage-flush",
            (Mark::Stage, _) => "stage-running",
            (mark, _) => mark.class(),
        }
    }
}

impl From<&InstanceReport> for Bar {
    fn from(row: &InstanceReport) -> Bar {
        let late = if row.late { ", late" } else { "" };
        Bar {
            name: row.name.to_string(),
            start: row.start,
            took: row.took,
            mark: Mark::of(&row.outcome),
            words: format!("{}{late}", row.outcome),
            place: Some(row.location.to_string()),
        }
    }
}

impl Mark {
    fn of(outcome: &Outcome) -> Mark {
        match outcome {
            Outcome::Ok => Mark::Ok,
            Outcome::Unconfirmed { .. } => Mark::Unconfirmed,
            Outcome::Failed { .. } => Mark::Failed,
            Outcome::TimedOut => Mark::TimedOut,
            Outcome::NotRun => Mark::NotRun,
        }
    }

    /// The class of the bar in a style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Mark::Stage => "stage",
            Mark::Ok => "ok",
            Mark::Unconfirmed => "unconfirmed",
            Mark::Failed => "failed",
            Mark::TimedOut => "timed-out",
            Mark::NotRun => "not-run",
            Mark::CutOff => "cut-off",
            Mark::Open => "open",
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_fine(self) -> bool {
        matches!(self, Mark::Stage | Mark::Ok)
    }
}

impl Window {
    /// Returns the window from the first begin to the last end.
    fn around<'a>(bars: impl Iterator<Item = &'a Bar>) -> Option<Window> {
        let spans =
            bars.filter_map(|bar| bar.start.map(|start| Window { from: start, to: start + bar.took }));
        spans.reduce(|a, b| Window { from: a.from.min(b.from), to: a.to.max(b.to) })
    }

    fn length(self) -> u128 {
        self.to.saturating_sub(self.from).as_micros().max(1)
    }

    fn part(self, at: Duration) -> u128 {
        (at.saturating_sub(self.from).as_micros() * WHOLE / self.length()).min(WHOLE)
    }

    /// Returns the distance of two marks on the axis: 1, 2 or 5 times a power of ten, in microseconds.
    fn step(self) -> u128 {
        let mut decade = 1;
        loop {
            let fits = [1, 2, 5].into_iter().map(|digit| digit * decade);
            if let Some(step) = fits.into_iter().find(|step| self.length() <= step * MAX_INTERVALS) {
                return step;
            }
            decade *= 10;
        }
    }

    /// Returns each mark on the axis: its place in percent, and the time since the begin of the window.
    pub(crate) fn marks(self) -> impl Iterator<Item = (String, Duration)> {
        let step = self.step();
        let marks = (0..).map(move |at| at * step).take_while(move |at| *at <= self.length());
        marks.map(move |at| {
            let micros = u64::try_from(at).unwrap_or(u64::MAX);
            (percent(at * WHOLE / self.length()), Duration::from_micros(micros))
        })
    }
}

/// Integers, because formatting a float adds 20 KiB of code.
fn percent(part: u128) -> String {
    format!("{}.{:02}%", part / 100, part % 100)
}
