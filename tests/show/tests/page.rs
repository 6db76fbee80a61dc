//! What the page of `lifecycle show` and the SVG of a report contain, from real stops.

use std::fs;
use std::time::{Duration, Instant};

use lifecycle_process_tests::PATIENCE;
use lifecycle_show_tests::{Folder, show, show_text};

const STOPS: &str = env!("CARGO_BIN_EXE_stops");
const SHOW: &str = env!("CARGO_BIN_EXE_lifecycle-show");

/// Returns the parts of the page from the begin of one stop to the begin of the next one, the newest first.
fn stops(page: &str) -> Vec<&str> {
    let parts = page.split("class=\"stop ").skip(1);
    parts.collect()
}

/// Returns the names in the waterfall of a stop, those of stages included.
fn rows(stop: &str) -> Vec<&str> {
    let rows = stop.split("<th role=\"rowheader\" scope=\"row\"><bdi>").skip(1);
    rows.map(|row| row.split("</bdi>").next().expect("an end")).collect()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "it lacks `{part}`:\n{text}");
    }
}

/// Every element that is opened is closed, in this order. `bdi` and the like would otherwise swallow the rest of the page.
#[track_caller]
fn is_nested(markup: &str) {
    let mut open: Vec<&str> = Vec::new();
    let styles = markup.find("<style>").zip(markup.find("</style>")).map_or(0..0, |(from, to)| from..to);
    let markup = format!(
        "{}{}",
        &markup[..styles.start],
        markup.get(styles.end + "</style>".len()..).unwrap_or_default()
    );
    for tag in markup.split('<').skip(1) {
        let tag = tag.split('>').next().expect("an end");
        let name = tag.split([' ', '\n']).next().expect("a name");
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{tag}");
        } else if !tag.ends_with('/') && !matches!(name, "!doctype" | "meta") {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn each_stop_is_a_row_with_its_stages_its_instances_its_changes_and_its_plan() {
    let folder = Folder::new("rows");
    folder.stop(STOPS, 3, &[]);
    folder.stop(STOPS, 4, &["fail", "markup"]);
    let page = show(SHOW, &folder.report());
    is_nested(&page);
    let [failed, clean] = stops(&page)[..] else { panic!("not two stops: {page}") };
    let stages = ["lame duck", "drain", "cleanup", "flush"];
    assert_eq!(rows(clean), [&stages[..], &["Orders", "Database", "Telemetry"]].concat());
    let name = "&lt;script&gt;alert(&#39;orders&#39;)&lt;/script&gt; &amp; &quot;sons&quot;";
    let mut named = rows(failed);
    assert_eq!(named.drain(..4).collect::<Vec<_>>(), stages);
    named.sort_unstable();
    assert_eq!(named, [name, "Database", "Telemetry", "cache-003"]);
    has(clean, &["0 clean", "SIGTERM from process", "of 2s", "The file has no stop before this one"]);
    has(
        failed,
        &[
            "70 not clean",
            "2 messages were not &lt;b&gt;sent&lt;/b&gt;",
            "managed at tests/show/src/bin/stops.rs:",
            "<b><bdi>end</bdi></b> <bdi>was status 0, now status 70</bdi>",
            &format!("<b><bdi>added</bdi></b> <bdi>{name}, cache-003</bdi>"),
            "<b><bdi>removed</bdi></b> <bdi>Orders</bdi>",
            "before Database: field `db`",
            "before Telemetry: `last` comes after the others",
        ],
    );
}

#[test]
fn no_name_is_markup_and_the_page_asks_for_nothing() {
    let folder = Folder::new("markup");
    folder.stop(STOPS, 3, &["fail", "markup"]);
    let page = show(SHOW, &folder.report());
    for forbidden in ["<script", "<b>sent", "http://", "https://", "url(", "@import", " src=", "onload"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    has(&page, &["default-src 'none'; style-src 'unsafe-inline'"]);
    let svg = fs::read_to_string(folder.file("stop.svg")).expect("the image");
    is_nested(&svg);
    assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
    has(
        &svg,
        &[
            "role=\"img\"",
            "<title>SIGTERM from process",
            "exit status 70</title>",
            "With another outcome: 1.",
        ],
    );
}

#[test]
fn a_run_that_was_killed_shows_what_it_has_written() {
    let folder = Folder::new("killed");
    folder.stop(STOPS, 3, &[]);
    folder.kill_in_cleanup(STOPS, 3);
    let page = show(SHOW, &folder.report());
    has(stops(&page)[0], &["under way", "Its deadline has not passed"]);
    // Its grace is 2 s.
    let until = Instant::now() + PATIENCE;
    let page = loop {
        let page = show(SHOW, &folder.report());
        if !stops(&page)[0].contains("under way") {
            break page;
        }
        assert!(Instant::now() < until, "it is under way for ever");
        std::thread::sleep(Duration::from_millis(50));
    };
    is_nested(&page);
    let killed = stops(&page)[0];
    assert_eq!(rows(killed), ["lame duck", "drain", "cleanup", "Orders"]);
    has(
        killed,
        &[
            "killed",
            "open when the process was killed",
            "which this run has not written",
            "was status 0, now killed",
        ],
    );
    assert!(!killed.contains("<bdi>removed</bdi>"), "its list of instances is not complete: {killed}");
}

#[test]
fn work_that_was_cut_off_and_releases_that_nobody_confirms_are_named() {
    let folder = Folder::new("straggler");
    folder.stop(STOPS, 3, &["straggler", "unconfirmed"]);
    let page = show(SHOW, &folder.report());
    has(
        &page,
        &[
            "1 task spawned at tests/show/src/bin/stops.rs:",
            "<span class=\"chip bad\">1 cut off</span>",
            "<span class=\"chip unsure\">1 unconfirmed</span>",
            "unconfirmed: the last datagram has no answer",
        ],
    );
    let svg = fs::read_to_string(folder.file("stop.svg")).expect("the image");
    has(
        &svg,
        &[
            "class=\"cut-off\"",
            "1 task spawned at tests/show/",
            "class=\"unconfirmed\"",
            "Work that was cut off: 1.",
        ],
    );
}

#[test]
fn three_hundred_instances_are_a_few_nodes_and_every_row() {
    let folder = Folder::new("large");
    folder.stop(STOPS, 300, &["fail"]);
    let page = show(SHOW, &folder.report());
    is_nested(&page);
    assert_eq!(rows(&page).len(), 4 + 300);
    has(&page, &["more without an error", "<bdi>Orders, shard-005, shard-006 and 148 more</bdi>"]);
    assert_eq!(
        page.matches("class=\"node\"").count(),
        5,
        "checkpoints, shards, caches, the database, the telemetry"
    );
    let svg = fs::read_to_string(folder.file("stop.svg")).expect("the image");
    is_nested(&svg);
    assert_eq!(svg.matches("class=\"name\"").count(), 4 + 300);
    assert!(page.len() < 300_000 && svg.len() < 150_000, "{} {}", page.len(), svg.len());
}

/// Two services append to one file at the same time. Each run has its own rows.
#[test]
fn runs_whose_lines_are_mixed_are_told_apart() {
    let folder = Folder::new("mixed");
    let (one, two) = (folder.file("one"), folder.file("two"));
    folder.stop(STOPS, 3, &[]);
    fs::rename(folder.report(), &one).expect("it is moved");
    folder.stop(STOPS, 4, &["fail"]);
    fs::rename(folder.report(), &two).expect("it is moved");
    let read = |file| fs::read_to_string(file).expect("a file");
    let (one, two) = (read(&one), read(&two));
    let (mut a, mut b) = (one.lines(), two.lines());
    let mut mixed = String::new();
    loop {
        let (next_of_a, next_of_b) = (a.next(), b.next());
        if next_of_a.is_none() && next_of_b.is_none() {
            break;
        }
        for line in [next_of_b, next_of_a].into_iter().flatten() {
            mixed.push_str(line);
            mixed.push('\n');
        }
    }
    let mixed = show_text(SHOW, &[], mixed.as_bytes());
    let apart = show_text(SHOW, &[], format!("{one}{two}").as_bytes());
    assert_eq!(mixed, apart);
    assert_eq!(stops(&mixed).len(), 2);
}

#[test]
fn torn_and_foreign_lines_are_skipped_counted_and_told() {
    let folder = Folder::new("torn");
    folder.stop(STOPS, 3, &[]);
    let lines = fs::read(folder.report()).expect("the file");
    let whole = show_text(SHOW, &[], &lines);
    assert!(!whole.contains("skipped"));
    let foreign: &[u8] =
        b"# a comment\n{\"level\":\"info\"}\n\xff\xfe\n[1,\n{\"at\":1,\"run\":2,\"fact\":3}\n\n";
    let page = show_text(SHOW, &[], &[foreign, &lines, b"{\"at\":\"2026-"].concat());
    has(&page, &["6 lines were skipped, because they are torn or of another program. The first is line 1."]);
    assert_eq!(rows(&page), rows(&whole));
    // Any prefix of a file is read. A report that is cut off is skipped, and its facts are shown.
    let last = lines[..lines.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("many lines");
    let page = show_text(SHOW, &[], &lines[..last + 100]);
    has(&page, &["was skipped, because it is torn", "has left no report yet", "Telemetry"]);
}

#[test]
fn only_the_last_stops_of_a_long_file_are_shown_and_the_first_one_is_compared() {
    let folder = Folder::new("long");
    folder.stop(STOPS, 3, &[]);
    let text = fs::read_to_string(folder.report()).expect("the file");
    let run = text.split("\"run\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a run");
    let long: String = (0..500).map(|number| text.replace(run, &format!("7-{number:04}"))).collect();
    let page = show_text(SHOW, &["--last", "4"], long.as_bytes());
    assert_eq!(stops(&page).len(), 4);
    has(&page, &["<b>496</b> older, not shown"]);
    has(stops(&page)[3], &["no change", "Nothing has changed."]);
    let all = show_text(SHOW, &["--last=500"], long.as_bytes());
    assert_eq!(stops(&all).len(), 500);
    // A file that is appended to itself has each run once.
    let twice = show_text(SHOW, &["--last=4"], format!("{text}{text}").as_bytes());
    assert_eq!(stops(&twice).len(), 1);
}
