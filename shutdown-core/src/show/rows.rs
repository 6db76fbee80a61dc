//! The waterfall of one stop, as tables.

use std::fmt::Write as _;
use std::time::Duration;

use super::changes::is_worth_a_row;
use super::stop::Stop;
use crate::markup::escaped;
use crate::report::picture::{Bar, Section, Window};
use crate::report::span::Span;

/// The rows without anything to tell that are shown. The others are folded.
const MAX_CLEAN_ROWS: usize = 30;

pub(super) fn waterfall(stop: &Stop) -> String {
    let mut out = String::new();
    for section in &stop.picture().sections {
        let (mut shown, mut folded) = (Vec::new(), Vec::new());
        for bar in &section.bars {
            let is_clean = section.title != "stop" && !is_worth_a_row(bar);
            let full = shown.len() >= MAX_CLEAN_ROWS && section.bars.len() > MAX_CLEAN_ROWS + 5;
            if full && is_clean { folded.push(bar) } else { shown.push(bar) }
        }
        table(&mut out, section, &shown);
        if !folded.is_empty() {
            let _ = write!(
                out,
                "<details class=\"more\"><summary>{} more without an error</summary>\n",
                folded.len()
            );
            table(&mut out, section, &folded);
            out.push_str("</details>\n");
        }
    }
    out
}

fn table(out: &mut String, section: &Section, bars: &[&Bar]) {
    let Window { from, .. } = section.window;
    let begin = match from {
        Duration::ZERO => String::new(),
        from => format!(" <small>from {}</small>", Span(from)),
    };
    let step = section.window.marks().nth(1).map_or_else(|| "100%".to_owned(), |(place, _)| place);
    let _ = write!(
        out,
        "<table role=\"table\" class=\"waterfall\" style=\"--step:{step}\"><thead role=\"rowgroup\"><tr role=\"row\">\
         <th role=\"columnheader\" scope=\"col\">{}{begin}</th><td role=\"cell\" class=\"axis\">{}</td>\
         <th role=\"columnheader\" scope=\"col\" class=\"number\">start</th>\
         <th role=\"columnheader\" scope=\"col\" class=\"number\">took</th>\
         <th role=\"columnheader\" scope=\"col\">outcome</th></tr></thead>\n<tbody role=\"rowgroup\">\n",
        escaped(&section.title),
        axis(section.window),
    );
    for bar in bars {
        row(out, section.window, bar);
    }
    out.push_str("</tbody></table>\n");
}

fn axis(window: Window) -> String {
    let mut out = String::from("<svg width=\"100%\" height=\"16\" aria-hidden=\"true\">");
    for (number, (place, since)) in window.marks().enumerate() {
        let anchor = if number == 0 { "start" } else { "middle" };
        let _ = write!(out, "<text x=\"{place}\" y=\"12\" text-anchor=\"{anchor}\">{}</text>", Span(since));
    }
    out.push_str("</svg>");
    out
}

fn row(out: &mut String, window: Window, bar: &Bar) {
    let start = bar.start.map_or_else(|| "–".to_owned(), |start| Span(start).to_string());
    let took = bar.start.map_or_else(|| "–".to_owned(), |_| Span(bar.took).to_string());
    let place = match &bar.place {
        Some(place) if is_worth_a_row(bar) => format!(" <small>managed at {}</small>", escaped(place)),
        _ => String::new(),
    };
    let _ = write!(
        out,
        "<tr role=\"row\" class=\"{}\"><th role=\"rowheader\" scope=\"row\"><bdi>{}</bdi></th>\
         <td role=\"cell\" class=\"track\"><svg width=\"100%\" height=\"20\" aria-hidden=\"true\">{}</svg></td>\
         <td role=\"cell\" class=\"number start\">{start}</td><td role=\"cell\" class=\"number took\">{took}</td>\
         <td role=\"cell\" class=\"outcome\"><bdi>{}</bdi>{place}</td></tr>\n",
        bar.mark.class(),
        escaped(&bar.name),
        bar.draw(window),
        escaped(&bar.words),
    );
}
