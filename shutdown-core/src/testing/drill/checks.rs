//! What has to hold in each run of a drill: R1, R2, R6, R7, R9 and R20. What does not is a breach, in a sentence.

use std::fmt;
use std::time::Duration;

use super::case::Case;
use super::edges::{by_order_before, connected, ordered};
use super::run::{Ended, Run};
use crate::engine::fault::Fault;
use crate::testing::report::ServiceInstance;

/// A rule that did not hold in one run of a [drill](crate::testing::drill()).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// The rule, such as `R6`, or the claim of the user's own check.
    pub rule: String,
    /// The run.
    pub case: Case,
    /// What happened, and what to do about it.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.rule, self.case, self.what)
    }
}

/// The breaches of one run so far.
struct Found<'a> {
    run: &'a Run,
    breaches: Vec<Breach>,
}

impl Found<'_> {
    fn add(&mut self, rule: &str, what: String) {
        self.breaches.push(Breach { rule: rule.to_owned(), case: self.run.case.clone(), what });
    }
}

/// Returns what does not hold in `run`, compared with the run without a fault.
pub(super) fn breaches(clean: &Run, run: &Run) -> Vec<Breach> {
    let mut found = Found { run, breaches: Vec::new() };
    if run.report.is_none() {
        let status = run.status.map_or_else(|| "a signal".to_owned(), |status| format!("status {status}"));
        let hint = match (run.case.planted(), run.status) {
            (Some((Fault::Block, _)), Some(124)) => {
                "; no thread was left for the other teardowns: give the runtime two worker threads"
            }
            _ => "",
        };
        found.add(
            "R21",
            format!("the process ended by {status}, after {}, without a report{hint}", time(run.took)),
        );
    } else {
        order(&mut found);
        match run.case {
            Case::Clean => without_a_fault(&mut found),
            Case::Fault { .. } => {
                planted(&mut found, clean);
                everything_ran(&mut found, clean);
                the_others(&mut found, clean);
                cut_off(&mut found, clean);
            }
            Case::SecondSignal { .. } => everything_ran(&mut found, clean),
        }
        status(&mut found, clean);
    }
    deadline(&mut found);
    // What holds without a fault, too, is told once.
    for remark in run.remarks.iter().filter(|_| run.case == Case::Clean || clean.remarks.is_empty()) {
        found.add("R13", remark.clone());
    }
    for (claim, why) in &run.broken {
        found.add(claim, why.clone());
    }
    found.breaches
}

/// R1, R2: no instance begins before each instance that the plan puts before it has ended.
fn order(found: &mut Found<'_>) {
    let Some(report) = &found.run.report else { return };
    let mut sentences = Vec::new();
    for edge in &report.edges {
        for (first, then) in
            edge.first.iter().flat_map(|first| edge.then.iter().map(move |then| (first, then)))
        {
            let (Some(first), Some(then)) = (report.instances.get(*first), report.instances.get(*then))
            else {
                continue;
            };
            let (Some(began), Some(start)) = (first.start, then.start) else { continue };
            if start < began + first.took {
                let rule = if edge.why.starts_with("`order") { "R2" } else { "R1" };
                sentences.push((rule, format!(
                    "`{}` began after {}, before `{}` had ended after {}, although {} orders them; was it released early?",
                    then.name,
                    time(start),
                    first.name,
                    time(began + first.took),
                    edge.why,
                )));
            }
        }
    }
    for (rule, sentence) in sentences {
        found.add(rule, sentence);
    }
}

/// The run without a fault has to be clean.
fn without_a_fault(found: &mut Found<'_>) {
    let run = found.run;
    let reason = run.report.as_ref().map_or("", |report| report.reason.as_str());
    if run.status == Some(78) {
        found.add("R20", format!("without a fault, the status is 78: {reason}"));
        return;
    }
    for row in run.rows() {
        if Ended::of(row) != Ended::Well {
            found.add("R7", unprovoked(run, row));
        }
    }
    for work in run.cut_off() {
        found.add(
            "R7",
            format!(
                "without a fault, the drain ends by force: {work}; end that work at `lifecycle::draining()`. Work that \
                 waits for a teardown waits for ever, because the cleanup begins after the drain"
            ),
        );
    }
    if run.status != Some(0) && found.breaches.is_empty() {
        let remarks = run.report.iter().flat_map(|report| &report.remarks);
        let remarks: Vec<&str> = remarks.map(String::as_str).collect();
        let why = if remarks.is_empty() { reason.to_owned() } else { remarks.join("; ") };
        found.add("R20", format!("without a fault, the status is {}: {why}", status_text(run.status)));
    }
}

/// Tells why an instance may fail although nothing was planted.
fn unprovoked(run: &Run, row: &ServiceInstance) -> String {
    let ServiceInstance { name, outcome, took, .. } = row;
    match Ended::of(row) {
        Ended::TimedOut => format!(
            "without a fault, `{name}` does not end: it is given up after {}. It waits for something that does not come, \
             such as a task that waits for this teardown; let the task end at `lifecycle::draining()`, or end it in the \
             teardown before the wait",
            time(*took),
        ),
        Ended::NotRun => {
            format!("without a fault, `{name}` does not run: no time or no thread is left for it")
        }
        Ended::Well | Ended::Failed => {
            let earlier = by_order_before(run, name);
            let hint = match &earlier[..] {
                [] => String::new(),
                [one, ..] => format!(
                    ". `order` alone tears `{one}` down before it: if `{name}` uses `{one}`, declare that by a field or by \
                     `depends_on`, and give `{one}` the greater order, or none"
                ),
            };
            format!("without a fault, `{name}` fails: {outcome}{hint}")
        }
    }
}

/// The instance with the fault has the outcome that the fault demands. Another one means that the fault went nowhere.
fn planted(found: &mut Found<'_>, clean: &Run) {
    let Some((fault, name)) = found.run.case.planted() else { return };
    let wanted = match fault {
        Fault::Error | Fault::Panic => Ended::Failed,
        Fault::Hang | Fault::Block => Ended::TimedOut,
        Fault::Slow => Ended::Well,
    };
    let rows = found.run.rows().iter().filter(|row| row.name == name);
    let wrong: Vec<&ServiceInstance> = rows.filter(|row| Ended::of(row) != wanted).collect();
    for row in wrong {
        if fault == Fault::Slow {
            if Ended::of(row) != worst(clean, name) {
                found.add("R7", late(found.run, row));
            }
            continue;
        }
        found.add(
            "R7",
            format!("the report says `{}` of `{name}`, which a `{fault}` does not come to", row.outcome),
        );
    }
}

/// Tells why an instance may fail if its teardown begins late.
fn late(run: &Run, row: &ServiceInstance) -> String {
    let name = &row.name;
    if Ended::of(row) != Ended::Failed {
        return format!(
            "`{name}` does not end in time if it begins late: {} after {}. Half of its time is not enough; raise its \
             `timeout` or grace, or let it do less",
            row.outcome,
            time(row.took),
        );
    }
    let began = row.start.unwrap_or_default();
    let gone = run.rows().iter().filter(|other| {
        let end = other.start.map(|start| start + other.took);
        let meanwhile = end.is_some_and(|end| end >= began && end < began + row.took);
        meanwhile && other.name != *name && !ordered(run, name, &other.name)
    });
    let gone: Vec<String> = gone.map(|other| format!("`{}`", other.name)).collect();
    let hint = if gone.is_empty() {
        String::new()
    } else {
        format!(
            ". Meanwhile {} ended, and no edge orders them: if `{name}` uses one of them, declare that by a field or by \
             `depends_on`",
            gone.join(", "),
        )
    };
    format!("`{name}` fails if it begins late: {}{hint}", row.outcome)
}

/// R6: each instance of the run without a fault is torn down in this one, too.
fn everything_ran(found: &mut Found<'_>, clean: &Run) {
    for name in clean.names() {
        let count = |run: &Run| run.all().filter(|row| row.name == name).count();
        let (before, now) = (count(clean), count(found.run));
        if now < before {
            found.add(
                "R6",
                format!(
                    "{now} of {before} `{name}` were managed: a drill needs a service that manages the same in each run"
                ),
            );
        }
    }
    if found.run.case.planted().is_none() {
        let not_run = found.run.rows().iter().filter(|row| Ended::of(row) == Ended::NotRun);
        let names: Vec<String> = not_run.map(|row| format!("`{}`", row.name)).collect();
        if !names.is_empty() {
            found.add("R6", format!("{} did not run", names.join(", ")));
        }
    }
}

/// R7: the others end as they do without a fault.
fn the_others(found: &mut Found<'_>, clean: &Run) {
    let Some((fault, name)) = found.run.case.planted() else { return };
    let others: Vec<String> = found.run.names().into_iter().filter(|other| other != name).collect();
    for other in others {
        let ended = worst(found.run, &other);
        if ended <= worst(clean, &other) {
            continue;
        }
        let rows = found.run.rows().iter().filter(|row| row.name == other);
        let Some(row) = rows.max_by_key(|row| Ended::of(row)) else { continue };
        let had_its_time = row.took >= longest(clean, &other);
        let connected = connected(found.run, name, &other);
        let outcome = &row.outcome;
        // After the other faults, the value is dropped, which gives everything back.
        let keeps = matches!(fault, Fault::Hang | Fault::Block);
        let what = match ended {
            Ended::Well => continue,
            Ended::NotRun => format!(
                "`{other}` did not run, because `{name}` took the time; give `{name}` a `timeout` that leaves the rest its time"
            ),
            Ended::TimedOut if !had_its_time => format!(
                "`{other}` had {} left, and needs {}: `{name}` took the time; give `{name}` a `timeout` that leaves the rest \
                 its time, or give `{other}` one, which reserves its time",
                time(row.took),
                time(longest(clean, &other)),
            ),
            // It waits for what the faulty one has not given back.
            Ended::TimedOut | Ended::Failed if connected && keeps => continue,
            Ended::TimedOut if connected => format!(
                "`{other}` is given up after {}, because of the fault: it waits for something that only the teardown of `{name}` \
                 does; let it end without that, too",
                time(row.took),
            ),
            Ended::TimedOut => format!(
                "`{other}` is given up after {}, and no edge of the plan connects it with `{name}`; if one uses the other, \
                 declare that by a field or by `depends_on`",
                time(row.took),
            ),
            Ended::Failed if connected && fault == Fault::Slow => {
                format!("`{other}` fails because `{name}` is late: {outcome}")
            }
            Ended::Failed if connected => format!(
                "`{other}` fails because of the fault ({outcome}): it needs something that only the teardown of `{name}` does; \
                 let it end without that, too"
            ),
            Ended::Failed => format!(
                "`{other}` fails as well ({outcome}), and no edge of the plan connects it with `{name}`; if one uses the \
                 other, declare that by a field or by `depends_on`"
            ),
        };
        found.add("R7", what);
    }
}

/// R7: a fault in a teardown cuts off no work in flight, because the drain is over by then.
fn cut_off(found: &mut Found<'_>, clean: &Run) {
    let is_of_release = found.run.case.planted().is_some_and(|(_, name)| is_released(clean, name));
    if found.run.cut_off().len() > clean.cut_off().len() && !is_of_release {
        found.add("R7", format!("the fault cuts off work in flight: {}", found.run.cut_off().join("; ")));
    }
}

/// R20: the status is the one that the fault demands, and it fits the report.
fn status(found: &mut Found<'_>, clean: &Run) {
    let run = found.run;
    let of_clean = clean.status.unwrap_or(u8::MAX);
    let failed = if of_clean == 0 { 70 } else { of_clean };
    let is_wrong = |wanted: u8| run.status != Some(wanted);
    match run.case.planted() {
        None => {
            let something_failed =
                !run.cut_off().is_empty() || run.rows().iter().any(|row| Ended::of(row) != Ended::Well);
            let wanted = if something_failed { failed } else { of_clean };
            if run.case != Case::Clean && is_wrong(wanted) {
                let is = status_text(run.status);
                found.add(
                    "R20",
                    format!("the status is {is}, and has to be {wanted} after what the report says"),
                );
            }
        }
        Some((fault, name)) if fault != Fault::Slow && is_released(run, name) => {
            if run.status == Some(0) {
                found.add("R20", swallowed(name, fault));
            }
        }
        Some((Fault::Slow, _)) => {
            // Each row that is worse than without the fault has a sentence of its own.
            if is_wrong(of_clean) && found.breaches.is_empty() {
                let is = status_text(run.status);
                found.add("R20", format!("the status is {is}, and without the fault it is {of_clean}"));
            }
        }
        Some((fault, name)) => {
            if run.status == Some(0) {
                found.add("R20", swallowed(name, fault));
            } else if is_wrong(failed) {
                let is = status_text(run.status);
                found.add(
                    "R20",
                    format!("the status is {is}, and a `{fault}` at `{name}` has to make it {failed}"),
                );
            }
        }
    }
}

fn swallowed(name: &str, fault: Fault) -> String {
    format!(
        "the `{fault}` at `{name}` is swallowed: the status is 0. The program releases `{name}` itself, and drops the result; \
         return the error, or pass it to `lifecycle::fail`"
    )
}

/// R9: the stop is over at the deadline.
fn deadline(found: &mut Found<'_>) {
    let run = found.run;
    if run.took > run.grace + run.late {
        found.add("R9", format!("the stop took {}, and grace is {}", time(run.took), time(run.grace)));
    }
}

fn is_released(run: &Run, name: &str) -> bool {
    run.released.iter().any(|row| row.name == name)
}

fn worst(run: &Run, name: &str) -> Ended {
    let rows = run.rows().iter().filter(|row| row.name == name);
    rows.map(Ended::of).max().unwrap_or(Ended::Well)
}

fn longest(run: &Run, name: &str) -> Duration {
    let rows = run.rows().iter().filter(|row| row.name == name);
    rows.map(|row| row.took).max().unwrap_or_default()
}

/// Returns a status in words.
pub(super) fn status_text(status: Option<u8>) -> String {
    status.map_or_else(|| "none, by a signal".to_owned(), |status| status.to_string())
}

/// Returns a time with at most three digits.
pub(super) fn time(time: Duration) -> String {
    match time.as_micros() {
        0..1_000 => "0s".to_owned(),
        1_000..1_000_000 => format!("{}ms", time.as_millis()),
        _ => format!("{:.1}s", time.as_secs_f64()),
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
