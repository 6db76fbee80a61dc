//! Text in HTML and SVG.

/// Returns `text` for an element or for an attribute in quotes. No character of it is markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            // XML has no way to write these.
            '\u{0}'..'\u{20}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_is_markup(text: String) {
            let text = format!("<script>\"'&amp;{text}</script>\u{0}");
            let out = escaped(&text);
            prop_assert!(!out.contains(['<', '>', '"', '\'', '\u{0}']), "{}", out);
            let back = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
            let back = back.replace("&amp;", "&");
            let readable: String =
                text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
            prop_assert_eq!(back.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"), readable.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"));
        }
    }
}
