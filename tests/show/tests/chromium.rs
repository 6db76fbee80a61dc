//! The page in a real browser: `LIFECYCLE_SOAK=1`, because the browser is a large package.

use std::fs;
use std::process::Command;

use lifecycle_process_tests::soak;
use lifecycle_show_tests::chromium::{Chromium, keep};
use lifecycle_show_tests::{Folder, show};
use serde_json::Value;

const STOPS: &str = env!("CARGO_BIN_EXE_stops");
const SHOW: &str = env!("CARGO_BIN_EXE_lifecycle-show");

/// Returns every visible text whose colour is too close to the colour below it (WCAG 2.2, 1.4.3).
const FAINT_TEXTS: &str = "(() => {
    const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], 0);
    const below = element => {
        for (; element; element = element.parentElement) {
            const colour = rgb(getComputedStyle(element).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!own || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const ink = rgb(element instanceof SVGElement ? style.fill : style.color);
        const [a, b] = [light(ink), light(below(element))].sort((x, y) => y - x);
        const contrast = (a + .05) / (b + .05);
        if (contrast < 4.5) faint.push(`${element.textContent}: ${contrast.toFixed(2)}`);
    }
    return faint;
})()";

/// Returns the texts that stick out of the page, or that lie on each other in a row of the waterfall.
const OVERFLOWS: &str = "(() => {
    const wide = [...document.querySelectorAll('body *')].filter(element => element.checkVisibility()
        && !element.closest('.hidden') && element.getBoundingClientRect().right > innerWidth + 1);
    const faults = wide.map(element => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 60)}`);
    if (document.scrollingElement.scrollWidth > innerWidth) faults.push(`page: ${document.scrollingElement.scrollWidth}`);
    for (const row of document.querySelectorAll('tr, summary')) {
        const boxes = [...row.children].filter(cell => cell.checkVisibility()).map(cell => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return range.getBoundingClientRect();
        }).filter(box => box.width > 0);
        boxes.forEach((a, at) => boxes.slice(at + 1).forEach(b => {
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 1) faults.push(`overlap: ${row.textContent.slice(0, 60)}`);
        }));
    }
    return faults;
})()";

/// Stops of every kind: clean, slow, with stragglers, unconfirmed, failed, killed, timed out, and a torn line.
fn small(folder: &Folder) {
    folder.stop(STOPS, 3, &[]);
    folder.stop(STOPS, 3, &["slow", "long-drain"]);
    folder.stop(STOPS, 12, &["straggler", "unconfirmed"]);
    folder.kill_in_cleanup(STOPS, 12);
    folder.stop(STOPS, 3, &["hang"]);
    let torn = fs::read(folder.report()).expect("the file");
    fs::write(folder.report(), [&torn[..], b"{\"at\":\"2026-01-01T00\n"].concat()).expect("it is written");
    folder.stop(STOPS, 3, &["fail", "markup"]);
}

fn large(folder: &Folder) {
    folder.stop(STOPS, 300, &[]);
    folder.stop(STOPS, 300, &["fail"]);
}

fn empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

#[test]
fn the_page_reads_well_at_each_width_in_light_and_dark() {
    if !soak() {
        return;
    }
    let folder = Folder::new("widths");
    let mut browser = Chromium::start(&folder.file(""));
    for (size, fill) in [("3", small as fn(&Folder)), ("300", large)] {
        let _ = fs::remove_file(folder.report());
        fill(&folder);
        let page = folder.file("stops.html");
        fs::write(&page, show(SHOW, &folder.report())).expect("the page is written");
        for width in [400, 1_600] {
            for dark in [false, true] {
                browser.open(&page, width, dark);
                let place = format!("{size}-instances-{width}-{}", if dark { "dark" } else { "light" });
                keep(&format!("{place}-first.png"), &browser.screenshot());
                browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)");
                let picture = browser.screenshot();
                assert!(picture.len() > 30_000, "{place}: the page looks empty");
                keep(&format!("{place}.png"), &picture);
                let (wide, faint) = (browser.evaluate(OVERFLOWS), browser.evaluate(FAINT_TEXTS));
                assert!(empty(&wide), "{place}: {wide:#}");
                assert!(empty(&faint), "{place}: {faint:#}");
                assert_eq!(browser.complaints(), Vec::<String>::new(), "{place}");
            }
        }
    }
}

/// The images of a report, each in a page of its own.
#[test]
fn an_image_of_a_report_is_drawn_by_a_browser_and_by_librsvg() {
    if !soak() {
        return;
    }
    let folder = Folder::new("images");
    let mut browser = Chromium::start(&folder.file(""));
    for count in [3, 300] {
        folder.stop(STOPS, count, &["fail", "markup"]);
        let image = folder.file("stop.svg");
        let mut pictures = Vec::new();
        for dark in [false, true] {
            browser.open(&image, 1_000, dark);
            let picture = browser.screenshot();
            keep(&format!("svg-{count}-{}.png", if dark { "dark" } else { "light" }), &picture);
            assert!(!pictures.contains(&picture), "light and dark are the same");
            pictures.push(picture);
            assert_eq!(browser.complaints(), Vec::<String>::new());
            let title = browser.evaluate("document.querySelector('svg > title').textContent");
            assert!(title.as_str().is_some_and(|title| title.ends_with("exit status 70")), "{title}");
            let outside = browser.evaluate(
                "[...document.querySelectorAll('text')].filter(text => {
                    const box = text.getBoundingClientRect(), paper = document.documentElement.getBoundingClientRect();
                    return box.left < paper.left || box.right > paper.right || box.bottom > paper.bottom;
                }).map(text => text.textContent)",
            );
            assert!(empty(&outside), "{outside:#}");
        }
        let png = folder.file("stop.png");
        let drawn = Command::new("rsvg-convert").arg(&image).arg("-o").arg(&png).output();
        let drawn = drawn.expect("Debian's package `librsvg2-bin` is installed: `tests/run --soak` does it");
        assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
        let picture = fs::read(&png).expect("the picture");
        keep(&format!("rsvg-{count}.png"), &picture);
        assert!(picture.len() > 10_000, "the picture is empty");
    }
}

#[test]
fn every_part_is_reached_and_opened_by_the_keyboard() {
    if !soak() {
        return;
    }
    let folder = Folder::new("keyboard");
    folder.stop(STOPS, 60, &[]);
    folder.stop(STOPS, 60, &["fail"]);
    let page = folder.file("stops.html");
    fs::write(&page, show(SHOW, &folder.report())).expect("the page is written");
    let mut browser = Chromium::start(&folder.file(""));
    browser.open(&page, 1_600, false);
    let focused = "(() => {
        const at = document.activeElement, outline = getComputedStyle(at);
        return `${at.tagName} ${at.parentElement.className.split(' ')[0]} ${outline.outlineStyle} ${at.parentElement.open ?? ''}`.trim();
    })()";
    let mut tab = |browser: &mut Chromium| -> String {
        browser.press("Tab", 9, "");
        browser.evaluate(focused).as_str().unwrap_or_default().to_owned()
    };
    let mut order: Vec<String> = (0..6).map(|_| tab(&mut browser)).collect();
    // Two columns of the chart, the open stop with its folded rows, and the closed stop.
    assert_eq!(order.drain(..2).collect::<Vec<_>>(), ["A  solid", "A  solid"]);
    assert_eq!(
        order[..3],
        ["SUMMARY stop solid true", "SUMMARY more solid false", "SUMMARY stop solid false"]
    );
    browser.open(&page, 1_600, false);
    for expected in ["A  solid", "A  solid", "SUMMARY stop solid true", "SUMMARY more solid false"] {
        assert_eq!(tab(&mut browser), expected);
    }
    let shown =
        "document.querySelector('.more').open && document.querySelector('.more tr').checkVisibility()";
    assert_eq!(browser.evaluate(shown), false);
    browser.press("Enter", 13, "\r");
    assert_eq!(browser.evaluate(shown), true);
    // A column of the chart leads to its stop, and opens it.
    browser.evaluate("document.querySelector('.chart a').focus()");
    browser.press("Enter", 13, "\r");
    assert_eq!(browser.evaluate("location.hash"), "#stop-1");
    assert_eq!(browser.evaluate("document.getElementById('stop-1').parentElement.open"), true);
    let titles = browser.evaluate("document.querySelectorAll('[title], [onmouseover]').length");
    assert_eq!(titles, 0, "nothing is told only to a mouse");
}

/// Paper has no fold: every row of every stop is printed, in light colours.
#[test]
fn the_whole_page_prints() {
    if !soak() {
        return;
    }
    let folder = Folder::new("paper");
    folder.stop(STOPS, 60, &[]);
    folder.stop(STOPS, 60, &["fail"]);
    let page = folder.file("stops.html");
    fs::write(&page, show(SHOW, &folder.report())).expect("the page is written");
    let mut browser = Chromium::start(&folder.file(""));
    browser.open(&page, 1_600, true);
    let paper = folder.file("stops.pdf");
    fs::write(&paper, browser.print()).expect("the paper is written");
    keep("paper.pdf", &fs::read(&paper).expect("the paper"));
    let text = Command::new("pdftotext").arg("-layout").arg(&paper).arg("-").output();
    let text = text.expect("Debian's package `poppler-utils` is installed: `tests/run --soak` does it");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for name in ["cache-003", "shard-059", "Telemetry", "checkpoint-050"] {
        assert!(text.matches(name).count() >= 2, "`{name}` is not in both stops: {text}");
    }
    browser.media("print", true);
    assert_eq!(browser.evaluate("getComputedStyle(document.body).color"), "rgb(29, 39, 51)");
}
