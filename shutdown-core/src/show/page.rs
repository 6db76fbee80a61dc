//! The page: its head, a chart of all stops, and each stop with its waterfall, its changes and its plan.

use std::fmt::Write as _;
use std::time::SystemTime;

use humantime::{format_duration, format_rfc3339_seconds};

use super::changes::{self, Kind, changes, is_clean};
use super::graph::Graph;
use super::rows::waterfall;
use super::stop::{End, Stop};
use super::stops::Stops;
use crate::markup::escaped;
use crate::report::picture::{Mark, Window};
use crate::report::span::Span;

const STYLE: &str = include_str!("page.css");
/// The chart has a column for each of the last stops, and a column can be hit by a finger.
const MAX_COLUMNS: usize = 40;
/// A graph with more nodes than these is folded.
const MAX_OPEN_NODES: usize = 25;

pub(super) fn page(file: &str, stops: &Stops) -> String {
    let mut out = String::new();
    let count = stops.runs.len();
    let runs = if count == 1 { "run" } else { "runs" };
    // The policy allows styles, and neither a script nor a load. A name that would get past the escapes does nothing.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{count} {runs} in {file}</title>\n\
         <style>\n{STYLE}</style></head>\n<body>\n<header>\n<h1>The last stops <small><bdi>{file}</bdi></small></h1>\n",
        file = escaped(file),
    );
    totals(&mut out, stops);
    chart(&mut out, stops);
    out.push_str("</header>\n<main>\n");
    for (at, stop) in stops.runs.iter().enumerate() {
        let earlier = stops.runs[at + 1..].iter().chain(&stops.before);
        let before = earlier.into_iter().find(|other| other.end != End::NoStop);
        article(&mut out, at, stop, before);
    }
    out.push_str("</main>\n");
    out.push_str("<footer>Times are UTC. Each axis counts from its own begin. A bar with a red end was not over at that time.</footer>\n");
    out.push_str("</body></html>\n");
    out
}

fn totals(out: &mut String, stops: &Stops) {
    let count = |is: &dyn Fn(&Stop) -> bool| stops.runs.iter().filter(|stop| is(stop)).count();
    let rows = [
        (count(&is_clean), "clean", "clean"),
        (count(&|stop| matches!(stop.end, End::Status(1..))), "not clean", "bad"),
        (count(&|stop| stop.end == End::Killed), "killed", "bad"),
        (count(&|stop| stop.end == End::Underway), "under way", "other"),
        (count(&|stop| stop.end == End::NoStop), "without a stop", "other"),
    ];
    out.push_str("<ul class=\"totals\">");
    for (count, words, class) in rows.iter().filter(|(count, ..)| *count > 0) {
        let _ = write!(out, "<li class=\"{class}\"><b>{count}</b> {words}</li>");
    }
    if stops.older > 0 {
        let _ = write!(out, "<li class=\"other\"><b>{}</b> older, not shown</li>", stops.older);
    }
    out.push_str("</ul>\n");
    match stops.skipped {
        0 => {}
        1 => {
            let _ = write!(
                out,
                "<p class=\"note\" role=\"note\">Line {} was skipped, because it is torn or of another program.</p>\n",
                stops.first_skipped,
            );
        }
        skipped => {
            let _ = write!(
                out,
                "<p class=\"note\" role=\"note\">{skipped} lines were skipped, because they are torn or of another program. \
                 The first is line {}.</p>\n",
                stops.first_skipped,
            );
        }
    }
}

/// Draws the time of each stop as a column. A column is a link to its stop.
fn chart(out: &mut String, stops: &Stops) {
    let shown: Vec<(usize, &Stop)> = stops.runs.iter().enumerate().take(MAX_COLUMNS).collect();
    let Some(longest) = shown.iter().map(|(_, stop)| stop.took).max().filter(|_| shown.len() > 1) else {
        return;
    };
    let _ = write!(out, "<nav aria-label=\"Time of each stop\"><ol class=\"chart\">\n");
    for (at, stop) in shown.iter().rev() {
        let percent = (stop.took.as_micros() * 100 / longest.as_micros().max(1)).max(4);
        let _ = write!(
            out,
            "<li><a class=\"{}\" href=\"#stop-{at}\" style=\"--height:{percent}%\"><span class=\"hidden\">{}, {}, {}</span></a></li>\n",
            class(stop),
            when(stop.at),
            end(stop),
            Span(stop.took),
        );
    }
    let _ = write!(
        out,
        "</ol><p>The time of each stop, the newest on the right. The longest took {}.</p></nav>\n",
        Span(longest)
    );
}

fn article(out: &mut String, at: usize, stop: &Stop, before: Option<&Stop>) {
    let class = class(stop);
    let when = when(stop.at);
    if stop.end == End::NoStop {
        let _ = write!(
            out,
            "<article class=\"stop {class}\" id=\"stop-{at}\"><h2><span class=\"badge\">{}</span> <time>{when}</time></h2>\
             <p class=\"why\">Process {} is still running, or it was killed, or it crashed. This is the time of its last line.</p></article>\n",
            end(stop),
            escaped(&stop.process),
        );
        return;
    }
    let changed = before.map(|before| changes(stop, before));
    let open = if at == 0 { " open" } else { "" };
    let headline = stop.reason.lines().next().unwrap_or_default();
    let grace = if stop.grace.is_zero() {
        String::new()
    } else {
        format!(" <small>of {}</small>", format_duration(stop.grace))
    };
    let _ = write!(
        out,
        "<details class=\"stop {class}\"{open}><summary><h2><span class=\"badge\">{}</span> <time>{when}</time></h2>\
         <span class=\"why\"><bdi>{}</bdi> {}</span>\
         <svg class=\"strip\" width=\"100%\" height=\"20\" aria-hidden=\"true\">{}</svg>\
         <span class=\"took\">{}{grace}</span><span class=\"delta\">{}</span></summary>\n<div class=\"body\" id=\"stop-{at}\">\n",
        end(stop),
        escaped(headline),
        chips(stop),
        strip(stop),
        Span(stop.took),
        match &changed {
            None => "the first one".to_owned(),
            Some(changed) => match changed.len() {
                0 => "no change".to_owned(),
                1 => "1 change".to_owned(),
                count => format!("{count} changes"),
            },
        },
    );
    changed_since(out, changed.as_deref(), before);
    let _ = writeln!(out, "<section class=\"bars\" aria-label=\"Waterfall\">\n{}", waterfall(stop));
    remarks(out, stop);
    out.push_str("</section>\n");
    plan(out, stop);
    out.push_str("</div></details>\n");
}

fn remarks(out: &mut String, stop: &Stop) {
    let details: Vec<&str> = stop.reason.lines().skip(1).collect();
    if !details.is_empty() {
        let _ = write!(out, "<pre>{}</pre>\n", escaped(&details.join("\n")));
    }
    let told = match stop.end {
        End::Killed => Some(format!(
            "Process {} has left no report: it was killed. The bars show what it had written until then.",
            stop.process
        )),
        End::Underway => {
            Some(format!("Process {} has left no report yet. Its deadline has not passed.", stop.process))
        }
        End::Status(_) | End::NoStop => None,
    };
    let all: Vec<&String> = told.iter().chain(&stop.remarks).collect();
    if all.is_empty() {
        return;
    }
    out.push_str("<ul class=\"remarks\">");
    for remark in all {
        let _ = write!(out, "<li><bdi>{}</bdi></li>", escaped(remark));
    }
    out.push_str("</ul>\n");
}

fn changed_since(out: &mut String, changed: Option<&[changes::Change]>, before: Option<&Stop>) {
    let (Some(changed), Some(before)) = (changed, before) else {
        out.push_str("<section><h3>Changed since the stop before</h3><p>The file has no stop before this one.</p></section>\n");
        return;
    };
    let _ = write!(
        out,
        "<section><h3>Changed since the stop before</h3><p>The stop before: {}, {}.</p>",
        when(before.at),
        end(before),
    );
    if changed.is_empty() {
        out.push_str("<p>Nothing has changed.</p></section>\n");
        return;
    }
    out.push_str("<ul class=\"changes\">");
    for change in changed {
        let (class, word) = match change.kind {
            Kind::Worse => ("worse", "worse: "),
            Kind::Better => ("better", "better: "),
            Kind::Other => ("other", ""),
        };
        let _ = write!(
            out,
            "<li class=\"{class}\"><span class=\"hidden\">{word}</span><b><bdi>{}</bdi></b> <bdi>{}</bdi></li>",
            escaped(&change.subject),
            escaped(&change.text),
        );
    }
    out.push_str("</ul></section>\n");
}

fn plan(out: &mut String, stop: &Stop) {
    out.push_str("<section><h3>Plan</h3>");
    match &stop.edges {
        None => out.push_str("<p>The plan is a part of the report, which this run has not written.</p>"),
        Some(_) if stop.instances.is_empty() => out.push_str("<p>Nothing was managed.</p>"),
        Some(edges) => {
            let graph = Graph::of(stop, edges);
            if edges.is_empty() {
                out.push_str("<p>No edge: these instances are torn down at the same time.</p>");
            }
            if graph.len() > MAX_OPEN_NODES {
                let _ = write!(
                    out,
                    "<details class=\"more\"><summary>{} nodes</summary>{}</details>",
                    graph.len(),
                    graph.html()
                );
            } else {
                out.push_str(&graph.html());
            }
        }
    }
    out.push_str("</section>\n");
}

/// Draws the stages of a stop in one line.
fn strip(stop: &Stop) -> String {
    let window = Window { from: std::time::Duration::ZERO, to: stop.took };
    stop.stages.iter().map(|bar| bar.draw(window)).collect()
}

/// Counts what an operator has to look at.
fn chips(stop: &Stop) -> String {
    let count = |mark: Mark| stop.instances.iter().filter(|row| row.bar.mark == mark).count();
    let rows = [
        (count(Mark::Failed), "failed", "bad"),
        (count(Mark::TimedOut), "timed out", "bad"),
        (count(Mark::NotRun), "not run", "bad"),
        (count(Mark::Open), "open", "bad"),
        (stop.cut_off.len(), "cut off", "bad"),
        (count(Mark::Unconfirmed), "unconfirmed", "unsure"),
    ];
    let rows = rows.iter().filter(|(count, ..)| *count > 0);
    rows.map(|(count, words, class)| format!("<span class=\"chip {class}\">{count} {words}</span> "))
        .collect()
}

fn class(stop: &Stop) -> &'static str {
    match stop.end {
        End::Status(0) => "clean",
        End::Status(_) | End::Killed => "bad",
        End::Underway | End::NoStop => "other",
    }
}

/// Returns the exit status and what it means (R20), or why there is none.
fn end(stop: &Stop) -> String {
    let meaning = match stop.end {
        End::Status(0) => "clean",
        End::Status(1) => "error",
        End::Status(70) => "not clean",
        End::Status(78) => "invalid plan",
        End::Status(101) => "panic",
        End::Status(124) => "deadline",
        End::Status(_) => "other status",
        End::Killed => return "killed".to_owned(),
        End::Underway => return "under way".to_owned(),
        End::NoStop => return "no stop".to_owned(),
    };
    match stop.end {
        End::Status(status) => format!("{status} {meaning}"),
        _ => meaning.to_owned(),
    }
}

fn when(at: SystemTime) -> String {
    // A year after 9999 is of a damaged line.
    let latest = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(253_402_300_799);
    let at = at.clamp(SystemTime::UNIX_EPOCH, latest);
    format_rfc3339_seconds(at).to_string().replace('T', " ").replace('Z', "")
}
