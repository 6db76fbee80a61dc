//! The report as a picture: one SVG without a script.

use std::fmt::Write as _;
use std::time::Duration;

use super::picture::{Bar, Picture, Section};
use super::span::Span;
use super::{MainOutcome, Report};
use crate::markup::escaped;

/// The picture is this wide, and as high as its rows. All lengths are pixels.
const WIDTH: usize = 960;
const MARGIN: usize = 16;
const ROW: usize = 20;
/// The columns: the name, the bar, the time at its right edge, the outcome.
const BAR: usize = 250;
const BAR_WIDTH: usize = 430;
const TOOK: usize = 768;
const OUTCOME: usize = 784;
/// The number of characters that fit into a column, or into a line.
const NAME_CHARS: usize = 30;
const OUTCOME_CHARS: usize = 22;
const LINE_CHARS: usize = 120;
/// An instance of a section after the first 400 is drawn only if it has something to tell.
const MAX_CLEAN_ROWS: usize = 400;

const STYLE: &str = include_str!("svg.css");

impl Report {
    /// Returns the waterfall of this report as an SVG image: the stages, each instance, and what was cut off.
    ///
    /// The image needs no script, no font and no network. It is 960 pixels wide, it scales, and it has a dark variant for a
    /// viewer with `prefers-color-scheme: dark`. Its `<title>` and `<desc>` say for a screen reader how the stop ended. After
    /// 400 instances of a stage, only those with an outcome other than `ok` are drawn.
    ///
    /// `lifecycle show` draws the same bars for the last stops of a report file: see the README.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use lifecycle::Lifecycle;
    ///
    /// let report = Lifecycle::builder()
    ///     .run(async {
    ///         lifecycle::defer("outbox", async || Err::<(), _>("2 messages were not sent"));
    ///     })
    ///     .await;
    /// let svg = report.to_svg();
    /// assert!(svg.starts_with("<svg ") && svg.contains("outbox") && svg.contains("2 messages were not sent"));
    /// std::fs::write(std::env::temp_dir().join("stop.svg"), svg)
    /// # }
    /// ```
    #[doc(alias("picture", "image", "chart", "waterfall"))]
    pub fn to_svg(&self) -> String {
        let mut sheet = Sheet::default();
        let headline = self.headline();
        sheet.down(34);
        sheet.text(MARGIN, "headline", &cut(&headline, 100));
        for section in &Picture::from(self).sections {
            sheet.section(section);
        }
        sheet.down(8);
        for line in self.remarks() {
            sheet.line(MARGIN, &line);
        }
        sheet.finish(&headline, &self.counts())
    }

    /// Returns how the stop ended, in one line.
    fn headline(&self) -> String {
        let reason = self.reason.to_string();
        format!(
            "{}; stopped in {} of {}, exit status {}",
            reason.lines().next().unwrap_or_default(),
            Span(self.took),
            humantime::format_duration(self.grace),
            self.exit_status(),
        )
    }

    fn counts(&self) -> String {
        let clean = self.instances.iter().filter(|row| row.outcome == super::Outcome::Ok).count();
        let other = self.instances.len() - clean;
        let cut_off = self.stragglers.len();
        format!(
            "Instances torn down with ok: {clean}. With another outcome: {other}. Work that was cut off: {cut_off}."
        )
    }

    /// Returns what the bars do not show.
    fn remarks(&self) -> Vec<String> {
        let reason = self.reason.to_string();
        let mut lines: Vec<String> = reason.lines().skip(1).map(str::to_owned).collect();
        if let Some(main @ (MainOutcome::Failed { .. } | MainOutcome::Panicked { .. })) = &self.main {
            lines.push(format!("main {main}"));
        }
        lines.extend(self.failures.iter().map(|failure| format!("failed: {failure}")));
        if self.panicked_tasks > 0 {
            lines.push(format!("tracked tasks that panicked: {}", self.panicked_tasks));
        }
        lines.extend(self.faults.iter().map(|fault| format!("fault: {fault}")));
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines
    }
}

/// The part that is drawn so far, and the line of the next text.
#[derive(Default)]
struct Sheet {
    body: String,
    y: usize,
}

impl Sheet {
    fn down(&mut self, pixels: usize) {
        self.y += pixels;
    }

    fn text(&mut self, x: usize, class: &str, text: &str) {
        let y = self.y;
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", escaped(text));
    }

    /// Writes a text in lines, each of which fits into the picture.
    fn line(&mut self, x: usize, text: &str) {
        for part in wrapped(text) {
            self.down(ROW);
            self.text(x, "small", &part);
        }
    }

    fn section(&mut self, section: &Section) {
        self.down(ROW + 14);
        self.text(MARGIN, "title", &section.title);
        if section.window.from > Duration::ZERO {
            self.text(MARGIN + 62, "axis", &format!("from {}", Span(section.window.from)));
        }
        let axis = self.y;
        for (place, since) in section.window.marks() {
            let y = axis;
            let _ = writeln!(
                self.body,
                "<svg x=\"{BAR}\" width=\"{BAR_WIDTH}\" overflow=\"visible\"><text x=\"{place}\" y=\"{y}\" class=\"axis\">{}</text></svg>",
                Span(since),
            );
        }
        // The lines come before the bars, and therefore below them. Their length is known after the bars.
        let before = self.body.len();
        let (mut left_out, mut drawn) = (0, 0);
        for bar in &section.bars {
            if drawn >= MAX_CLEAN_ROWS && bar.mark.is_fine() {
                left_out += 1;
                continue;
            }
            drawn += 1;
            self.bar(section, bar);
        }
        if left_out > 0 {
            self.line(MARGIN, &format!("and {left_out} more without an error"));
        }
        let lines: String = section
            .window
            .marks()
            .map(|(place, _)| {
                let (top, bottom) = (axis + 5, self.y + 6);
                format!("<line class=\"grid\" x1=\"{place}\" x2=\"{place}\" y1=\"{top}\" y2=\"{bottom}\"/>")
            })
            .collect();
        let lines = format!("<svg x=\"{BAR}\" width=\"{BAR_WIDTH}\" overflow=\"visible\">{lines}</svg>\n");
        self.body.insert_str(before, &lines);
    }

    fn bar(&mut self, section: &Section, bar: &Bar) {
        self.down(ROW);
        self.text(MARGIN, "name", &cut(&bar.name, NAME_CHARS));
        let _ = writeln!(
            self.body,
            "<svg x=\"{BAR}\" y=\"{}\" width=\"{BAR_WIDTH}\" height=\"20\">{}</svg>",
            self.y - 14,
            bar.draw(section.window),
        );
        let took = bar.start.map_or_else(|| "-".to_owned(), |_| Span(bar.took).to_string());
        self.text(TOOK, "took", &took);
        self.text(OUTCOME, bar.mark.class(), &cut(&bar.words, OUTCOME_CHARS));
        // What does not fit into its column has lines of its own.
        if bar.name.chars().count() > NAME_CHARS {
            self.line(MARGIN * 2, &bar.name);
        }
        if !bar.mark.is_fine() && (bar.words.chars().count() > OUTCOME_CHARS || bar.place.is_some()) {
            let place = bar.place.as_ref().map_or_else(String::new, |place| format!(" (managed at {place})"));
            self.line(MARGIN * 2, &format!("{}{place}", bar.words));
        }
    }

    fn finish(self, title: &str, description: &str) -> String {
        let height = self.y + MARGIN;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\" class=\"lifecycle-stop\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n{}</svg>\n",
            escaped(title),
            escaped(title),
            escaped(description),
            self.body,
        )
    }
}

/// Returns at most `chars` characters of the first line of `text`.
fn cut(text: &str, chars: usize) -> String {
    let first = text.lines().next().unwrap_or_default();
    if first == text && text.chars().count() <= chars {
        return text.to_owned();
    }
    let kept: String = first.chars().take(chars - 1).collect();
    format!("{kept}…")
}

/// Returns the lines of `text`, each of at most [`LINE_CHARS`] characters. A line ends between two words if it can.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((end, _)) = rest.char_indices().nth(LINE_CHARS) {
            let end = rest[..end].rfind(' ').filter(|end| *end > 0).unwrap_or(end);
            lines.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
        lines.push(rest.to_owned());
    }
    lines
}
