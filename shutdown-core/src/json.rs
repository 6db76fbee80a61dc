//! The parts of JSON that plans and reports need.

use std::fmt::Write as _;

/// Returns `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns a JSON array. The values are JSON already.
pub(crate) fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// Returns a field of an object in one line, as JSON. It reads what this crate has written: no space outside of strings.
pub(crate) fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = line.strip_prefix('{')?;
    loop {
        let (key, after) = rest.split_at_checked(end_of(rest)?)?;
        let value = after.strip_prefix(':')?;
        let (value, after) = value.split_at_checked(end_of(value)?)?;
        if key.strip_prefix('"')?.strip_suffix('"')? == name {
            return Some(value);
        }
        rest = after.strip_prefix(',')?;
    }
}

/// Returns the text of a JSON string that [`quoted`] has made.
pub(crate) fn text(quoted: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(c) = rest.next() {
        text.push(match c {
            '\\' => match rest.next()? {
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                escaped => escaped,
            },
            c => c,
        });
    }
    Some(text)
}

/// Returns the length of the value at the beginning of `json`.
fn end_of(json: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b',' | b':' | b'}' | b']' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_field_that_was_written_is_read_again(before: String, value: String) {
            let object = format!("{{{}:{{\"b\":[{}]}},\"a\":{},\"z\":1}}", quoted(&format!("{before}_")), quoted(&value), quoted(&value));
            let json: serde_json::Value = serde_json::from_str(&object).expect("JSON");
            prop_assert_eq!(json["a"].as_str(), Some(value.as_str()));
            prop_assert_eq!(field(&object, "a").and_then(text), Some(value));
            prop_assert_eq!(field(&object, "z"), Some("1"));
            prop_assert_eq!(field(&object, "b"), None);
        }

        /// A line that is cut off, or of another program.
        #[test]
        fn any_text_is_read_without_a_panic(line: String) {
            let _ = field(&line, "a").and_then(text);
            let _ = field(&format!("{{{line}"), "a").and_then(text);
        }
    }
}
