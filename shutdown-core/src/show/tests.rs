//! The parts of the page, without a process.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use super::changes::{Kind, changes};
use super::graph::Graph;
use super::run::{Line, Run};
use super::stop::{Edge, End, Instance, Stop};
use super::*;
use crate::report::picture::{Bar, Mark};

fn arguments(arguments: &[&str]) -> Result<Request, String> {
    parse(arguments.iter().map(OsString::from))
}

#[test]
fn the_arguments_are_read_in_any_order() {
    let wanted = |last, file: &str| Ok(Request::Show { last, file: file.into() });
    assert_eq!(arguments(&["show", "a"]), wanted(20, "a"));
    assert_eq!(arguments(&["show", "-"]), wanted(20, "-"));
    assert_eq!(arguments(&["show", "a", "--last", "3"]), wanted(3, "a"));
    assert_eq!(arguments(&["--last=3", "show", "a"]), wanted(3, "a"));
    assert_eq!(arguments(&["show", "--", "--last"]), wanted(20, "--last"));
    assert_eq!(arguments(&["show", "--help"]), Ok(Request::Help));
    assert_eq!(arguments(&["--version"]), Ok(Request::Version));
}

#[test]
fn a_wrong_argument_is_named_with_what_to_write() {
    for (wrong, words) in [
        (&[][..], "the command is `show`"),
        (&["shwo", "a"], "`shwo` is not a command"),
        (&["show"], "the report file is missing"),
        (&["show", "a", "b"], "cat FILES | lifecycle show -"),
        (&["show", "a", "--las", "3"], "`--las` is not an option"),
        (&["show", "a", "--last"], "needs a number"),
        (&["show", "a", "--last", "0"], "between 1 and 10000"),
        (&["show", "a", "--last", "-1"], "`--last -1`"),
        (&["show", "a", "--last=many"], "`--last many`"),
    ] {
        let fault = arguments(wrong).expect_err("it is wrong");
        assert!(fault.contains(words), "{wrong:?}: {fault}");
    }
}

fn bar(name: &str, took_ms: u64, words: &str) -> Instance {
    let mark = if words == "ok" { Mark::Ok } else { Mark::Failed };
    let (start, took) = (Some(Duration::ZERO), Duration::from_millis(took_ms));
    let bar = Bar { name: name.to_owned(), start, took, mark, words: words.to_owned(), place: None };
    Instance { in_flush: false, bar }
}

fn stop(end: End, took_ms: u64, instances: Vec<Instance>) -> Stop {
    Stop {
        process: "7".to_owned(),
        at: SystemTime::UNIX_EPOCH,
        reason: "SIGTERM".to_owned(),
        end,
        grace: Duration::from_secs(10),
        took: Duration::from_millis(took_ms),
        stages: Vec::new(),
        at_notice: Vec::new(),
        cut_off: Vec::new(),
        instances,
        edges: None,
        remarks: Vec::new(),
    }
}

fn told(stop: &Stop, before: &Stop) -> Vec<(Kind, String)> {
    changes(stop, before)
        .into_iter()
        .map(|change| (change.kind, format!("{} {}", change.subject, change.text)))
        .collect()
}

#[test]
fn two_equal_stops_have_no_change_and_noise_is_none() {
    let before = stop(End::Status(0), 100, vec![bar("a", 10, "ok"), bar("a", 20, "ok")]);
    assert_eq!(told(&before, &before), []);
    let noise = stop(End::Status(0), 120, vec![bar("a", 19, "ok"), bar("a", 29, "ok")]);
    assert_eq!(told(&noise, &before), []);
}

#[test]
fn each_kind_of_change_is_one_sentence() {
    let before =
        stop(End::Status(70), 100, vec![bar("a", 10, "ok"), bar("b", 1, "timed out"), bar("c", 1, "ok")]);
    let now = stop(
        End::Status(0),
        300,
        vec![bar("a", 40, "ok"), bar("b", 1, "ok"), bar("d", 1, "ok"), bar("d", 1, "ok")],
    );
    assert_eq!(
        told(&now, &before),
        [
            (Kind::Better, "end was status 70, now status 0".to_owned()),
            (Kind::Worse, "stop took 100 ms, now 300 ms".to_owned()),
            (Kind::Better, "b was timed out, now ok".to_owned()),
            (Kind::Worse, "a took 10 ms, now 40 ms".to_owned()),
            (Kind::Other, "added d ×2".to_owned()),
            (Kind::Other, "removed c".to_owned()),
        ]
    );
}

/// A run that was killed has not told of every instance, and its times are not those of a whole stop.
#[test]
fn nothing_is_said_to_be_gone_in_a_run_that_was_killed() {
    let whole = stop(End::Status(0), 10, vec![bar("a", 10, "ok"), bar("b", 10, "ok")]);
    let killed = stop(End::Killed, 500, vec![bar("a", 400, "ok")]);
    assert_eq!(told(&killed, &whole), [(Kind::Worse, "end was status 0, now killed".to_owned())]);
    assert_eq!(told(&whole, &killed), [(Kind::Better, "end was killed, now status 0".to_owned())]);
}

/// R31: the hook has a bar in the section of the stop, in a report and in a run that was killed.
#[test]
fn a_hook_at_the_notice_has_a_bar() {
    let lines = [
        r#"0.000Z","run":"7-1","fact":"stopping","reason":"SIGTERM","left_ms":10000}"#,
        r#"1.000Z","run":"7-1","fact":"at_notice_began","name":"Registry"}"#,
        r#"3.000Z","run":"7-1","fact":"at_notice_ended","name":"Registry","outcome":"timed out"}"#,
        r#"4.000Z","run":"7-1","fact":"sealed","report":{"took_ms":4000,"stages":[],"instances":[
            {"name":"Registry","outcome":"ok","at_notice":{"start_ms":1000.0,"took_ms":2000.0,"outcome":"timed out"}},
            {"name":"Pool","outcome":"ok","at_notice":null}]}}"#,
    ];
    let read = |lines: &[&str]| {
        let mut run = Run::new("7-1".to_owned(), SystemTime::UNIX_EPOCH);
        for line in lines {
            let line = format!("{{\"at\":\"2026-11-28T12:00:0{line}");
            run.learn(Line::read(line.as_bytes()).expect("a line of ours"));
        }
        Stop::of(&run, SystemTime::now() + Duration::from_secs(1_000_000_000))
    };
    for stop in [read(&lines), read(&lines[..3])] {
        let picture = stop.picture();
        let hooks = picture.sections[0].bars.iter().filter(|bar| bar.mark != Mark::Stage);
        let hooks: Vec<_> =
            hooks.map(|bar| (bar.name.as_str(), bar.start, bar.took.as_secs(), bar.mark)).collect();
        assert_eq!(hooks, [("Registry at notice", Some(Duration::from_secs(1)), 2, Mark::TimedOut)]);
    }
}

fn graph(instances: Vec<Instance>, edges: &[(&[usize], &[usize])]) -> String {
    let edge = |(first, then): &(&[usize], &[usize])| Edge {
        first: first.to_vec(),
        then: then.to_vec(),
        why: "why".into(),
    };
    let edges: Vec<Edge> = edges.iter().map(edge).collect();
    Graph::of(&stop(End::Status(0), 1, instances), &edges).html()
}

/// Returns the names of the nodes, from the first row to the last.
fn nodes(html: &str) -> Vec<&str> {
    let nodes = html.split("class=\"node\"><bdi>").skip(1);
    nodes.map(|node| node.split("</bdi>").next().unwrap_or_default()).collect()
}

#[test]
fn instances_with_the_same_edges_are_one_node_and_each_node_comes_before_those_that_wait_for_it() {
    let mut instances: Vec<Instance> = (0..300).map(|_| bar("shard", 1, "ok")).collect();
    instances.insert(0, bar("database", 1, "ok"));
    let shards: Vec<usize> = (1..=300).collect();
    let html = graph(instances, &[(&shards, &[0])]);
    assert_eq!(nodes(&html), ["shard ×300", "database"]);
    assert_eq!(html.matches("<circle").count(), 1, "one node comes first: {html}");
    assert_eq!(html.matches("<path").count(), 1, "one arrow leads to the database");
    assert!(html.contains("before database: why"));
}

/// A damaged report: rows that do not exist, and a circle.
#[test]
fn a_damaged_plan_is_drawn_as_far_as_it_goes() {
    let two = || vec![bar("a", 1, "ok"), bar("b", 1, "ok")];
    assert_eq!(nodes(&graph(two(), &[(&[0, 9], &[1]), (&[7], &[8]), (&[], &[])])), ["a", "b"]);
    assert_eq!(nodes(&graph(two(), &[(&[0], &[1]), (&[1], &[0])])), ["a", "b"]);
    assert_eq!(nodes(&graph(two(), &[(&[0], &[0])])).len(), 2);
}

#[test]
fn a_plan_with_too_many_lanes_is_written() {
    // Each of the first 40 precedes one of the others, so that all lanes lie side by side.
    let instances = (0..80).map(|at| bar(&format!("i{at:02}"), 1, "ok")).collect();
    let pairs: Vec<[usize; 2]> = (0..40).map(|at| [at, at + 40]).collect();
    let edges: Vec<(&[usize], &[usize])> = pairs.iter().map(|pair| (&pair[..1], &pair[1..])).collect();
    let html = graph(instances, &edges);
    assert_eq!((nodes(&html).len(), html.contains("<svg")), (80, false));
    assert!(html.contains("before i40: why"));
}

/// A million lines of runs that were killed take the memory of the last ones.
#[test]
fn a_long_file_is_read_in_bounded_memory() {
    let mut reader = Reader::new(3);
    for run in 0..20_000 {
        let line = format!(
            "{{\"at\":\"2026-01-01T{:02}:{:02}:{:02}.000Z\",\"run\":\"1-{run}\",\"fact\":\"stopping\",\"reason\":\"r{run}\",\"left_ms\":5}}",
            run / 3_600,
            run / 60 % 60,
            run % 60
        );
        reader.line(line.as_bytes());
        assert!(reader.kept() <= 3 + 2 * 256 + 3 + 1 + 256, "{} runs are kept", reader.kept());
    }
    let stops = reader.finish(SystemTime::now());
    let reasons: Vec<&str> = stops.runs.iter().map(|stop| stop.reason.as_str()).collect();
    assert_eq!((reasons, stops.older), (vec!["r19999", "r19998", "r19997"], 19_997));
}

/// A service that runs for months, in a file with the crashes of another one.
#[test]
fn a_run_that_was_silent_for_long_is_still_one_run() {
    let mut reader = Reader::new(2_000);
    let mut line = |run: &str, second: u32, fact: &str| {
        let line = format!(
            "{{\"at\":\"2026-01-01T00:00:{second:02}.000Z\",\"run\":\"{run}\",\"fact\":\"{fact}\",\"reason\":\"r\",\"left_ms\":5}}"
        );
        reader.line(line.as_bytes());
    };
    line("1-1", 0, "ready");
    for other in 0..3_000 {
        line(&format!("2-{other}"), 1, "ready");
    }
    line("1-1", 2, "stopping");
    let stops = reader.finish(SystemTime::UNIX_EPOCH);
    let of_the_service = stops.runs.iter().filter(|stop| stop.process == "1");
    assert_eq!(of_the_service.map(|stop| stop.end).collect::<Vec<_>>(), [End::Underway]);
}

#[test]
fn numbers_of_another_program_do_not_stop_the_page() {
    let line = "{\"at\":\"9999-12-31T23:59:59.999Z\",\"run\":\"x\",\"fact\":\"sealed\",\"report\":{\"took_ms\":1e300,\"grace_ms\":-1,\
                \"status\":4000000000,\"stages\":[{\"stage\":7,\"start_ms\":1e30}],\"instances\":[{},{\"start_ms\":1e18,\"took_ms\":1e18}],\
                \"edges\":[{\"first\":[0],\"then\":[18446744073709551615]}],\"cut_off\":{}}}\n";
    let deep = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let stops = read(Cursor::new(format!("{line}{deep}")), 20).expect("it is read");
    assert_eq!((stops.runs.len(), stops.skipped), (1, 1));
    assert!(page::page("file", &stops).contains("</html>"));
}

/// Each pair of colours that a text and its ground have: a contrast of at least 4.5 (WCAG 2.2, 1.4.3), in light and dark.
#[test]
fn every_ink_is_legible_on_every_ground() {
    let style = include_str!("page.css");
    let (light, dark) = style.split_once("@media screen").expect("two palettes");
    let dark = dark.split_once("* {").expect("an end").0;
    for palette in [light, dark] {
        let colour = |name: &str| {
            let hex = palette.split(&format!("--{name}: #")).nth(1).unwrap_or_else(|| panic!("no --{name}"));
            [0, 2, 4].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("a colour"))
        };
        let light = |name| {
            let linear = colour(name).map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            linear[0] * 0.2126 + linear[1] * 0.7152 + linear[2] * 0.0722
        };
        for (ink, ground) in [
            ("ink", "desk"),
            ("ink", "paper"),
            ("ink", "other-tint"),
            ("ink", "unsure-tint"),
            ("muted", "desk"),
            ("muted", "paper"),
            ("link", "paper"),
            ("ok-ink", "ok-tint"),
            ("ok-ink", "paper"),
            ("bad-ink", "bad-tint"),
            ("bad-ink", "paper"),
            ("unsure-ink", "unsure-tint"),
            ("unsure-ink", "paper"),
        ] {
            let (a, b) = (light(ink), light(ground));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 4.5, "--{ink} on --{ground}: {contrast:.2}");
        }
    }
}
