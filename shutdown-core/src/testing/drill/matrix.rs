//! The matrix: one row for each instance, one column for each fault, and a sentence for each breach.

use std::fmt::{self, Write as _};

use super::case::Case;
use super::checks::{Breach, breaches, status_text, time};
use super::run::{Ended, Run};
use crate::engine::fault::Fault;
use crate::testing::report::ServiceInstance;

/// The result of a [drill](crate::testing::drill()): every run, and every rule that did not hold.
///
/// Its text is a table. Each cell has the exit status and the time of the stop. A cell with `!` has a breach, which a
/// sentence below the table tells. Another part lists the instances that a fault has taken down with it.
///
/// ```
/// use lifecycle::testing::{Fault, drill};
///
/// let matrix = drill(|| async {
///     lifecycle::defer("journal", async || {});
/// })
/// .faults([Fault::Error, Fault::Hang])
/// .run();
/// assert!(matrix.breaches().is_empty());
/// println!("{matrix}");
/// ```
///
/// ```text
/// drill: 1 instance, 5 runs, no breach
///
///                                     error          hang
/// journal                             70 0s      70 24.9s
///
/// no fault                             0 0s
/// second signal in the drain        0 250ms
/// second signal in the cleanup      0 250ms
/// not drilled: second signal in the lame duck: the stop has no such stage, or it was over before a second signal could come
/// ```
#[derive(Clone, Debug)]
#[must_use = "a matrix says where a rule does not hold: call `assert_holds`, or look at `breaches`"]
pub struct Matrix {
    runs: Vec<Run>,
    breaches: Vec<Breach>,
    /// The cases that were not run, and why.
    skipped: Vec<(Case, String)>,
}

impl Matrix {
    /// Makes the matrix of these runs. The first one is the one without a fault.
    pub(crate) fn new(runs: Vec<Run>, skipped: Vec<(Case, String)>) -> Matrix {
        let breaches = match runs.first() {
            Some(clean) => runs.iter().flat_map(|run| breaches(clean, run)).collect(),
            None => Vec::new(),
        };
        Matrix { runs, breaches, skipped }
    }

    /// Returns every run, the one without a fault first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns every rule that did not hold, in the order of the runs.
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// Requires that every rule held in every run.
    ///
    /// # Panics
    ///
    /// If there is a breach. The message is the matrix.
    #[track_caller]
    pub fn assert_holds(&self) {
        assert!(self.breaches.is_empty(), "the drill found what does not hold\n{self}");
    }

    fn run_of(&self, case: &Case) -> Option<&Run> {
        self.runs.iter().find(|run| run.case == *case)
    }

    /// Returns what the matrix says of one run: `70 1.2s`, and a mark if something is wrong.
    fn cell(&self, case: &Case) -> String {
        let Some(run) = self.run_of(case) else { return "-".to_owned() };
        let mark = if self.breaches.iter().any(|breach| breach.case == *case) { "!" } else { "" };
        let status = run.status.map_or_else(|| "killed".to_owned(), |status| status.to_string());
        format!("{mark}{status} {}", time(run.took))
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(clean) = self.runs.first() else { return f.write_str("drill: nothing was run") };
        let names = clean.names();
        writeln!(
            f,
            "drill: {}, {}, {}\n",
            counted(names.len(), "instance", "no instance"),
            counted(self.runs.len(), "run", "no run"),
            counted(self.breaches.len(), "breach", "no breach"),
        )?;
        let has = |fault: &Fault| {
            self.runs.iter().any(|run| run.case.planted().is_some_and(|(planted, _)| planted == *fault))
        };
        let columns: Vec<Fault> = Fault::ALL.into_iter().filter(has).collect();
        let others: Vec<&Case> =
            self.runs.iter().map(|run| &run.case).filter(|case| case.planted().is_none()).collect();
        let labels = names.iter().map(|name| name.chars().count());
        let labels = labels.chain(others.iter().map(|case| case.to_string().chars().count()));
        let width = labels.max().unwrap_or_default();
        if !columns.is_empty() {
            write!(f, "{:width$}", "")?;
            for fault in &columns {
                write!(f, "  {fault:>12}")?;
            }
            writeln!(f)?;
            for name in &names {
                write!(f, "{name:width$}")?;
                for fault in &columns {
                    write!(f, "  {:>12}", self.cell(&Case::fault(*fault, name)))?;
                }
                writeln!(f)?;
            }
            writeln!(f)?;
        }
        for case in others {
            writeln!(f, "{:width$}  {:>12}", case.to_string(), self.cell(case))?;
        }
        self.write_taken_down(f)?;
        for (case, why) in &self.skipped {
            writeln!(f, "not drilled: {case}: {why}")?;
        }
        if !self.breaches.is_empty() {
            writeln!(f)?;
        }
        self.breaches.iter().try_for_each(|breach| writeln!(f, "! {breach}"))
    }
}

impl Matrix {
    /// Lists what did not end well in each run, apart from the instance with the fault, and from what never ends well.
    fn write_taken_down(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let as_before = |run: &Run, row: &ServiceInstance| {
            let is_same = |other: &ServiceInstance| other.name == row.name && other.outcome == row.outcome;
            run.case != Case::Clean && self.runs[0].rows().iter().any(is_same)
        };
        for run in &self.runs {
            let planted = run.case.planted().map(|(_, name)| name);
            let others = run.rows().iter().filter(|row| Some(row.name.as_str()) != planted);
            let others = others.filter(|row| Ended::of(row) != Ended::Well && !as_before(run, row));
            let mut parts: Vec<String> =
                others.map(|row| format!("`{}` {}", row.name, row.outcome)).collect();
            if run.case == Case::Clean || run.cut_off().len() > self.runs[0].cut_off().len() {
                parts.extend(run.cut_off().iter().map(|work| format!("cut off: {work}")));
            }
            if run.report.is_none() {
                parts.push(format!("no report, status {}", status_text(run.status)));
            }
            if !parts.is_empty() {
                writeln!(text, "  {}: {}", run.case, parts.join("; "))?;
            }
        }
        if text.is_empty() { Ok(()) } else { write!(f, "\nwhat else did not end well:\n{text}") }
    }
}

fn counted(count: usize, what: &str, none: &str) -> String {
    match count {
        0 => none.to_owned(),
        1 => format!("1 {what}"),
        count if what.ends_with("ch") => format!("{count} {what}es"),
        count => format!("{count} {what}s"),
    }
}
