//! What `/readyz?verbose` lists, in the form of Kubernetes: a line for each part, and the verdict.

use std::fmt::Write as _;

use crate::edge::readiness::{Health, Readiness};

/// Whether the query of a request asks for the list.
pub(super) fn is_asked(query: Option<&str>) -> bool {
    let mut keys = query.unwrap_or_default().split('&').map(|pair| pair.split('=').next());
    keys.any(|key| key == Some("verbose"))
}

/// Returns the list, without the verdict of [`verdict`].
pub(super) fn listed(health: &Health, start_waits_for: &[String]) -> String {
    let mut text = String::new();
    let mut failed = |name: &str, why: &str| line(&mut text, &format!("[-]{name} failed: {why}"));
    match health.readiness {
        Readiness::Ready => {}
        Readiness::Starting if start_waits_for.is_empty() => {
            failed("start-up", "the service is not ready yet");
        }
        Readiness::Starting => {
            for name in start_waits_for {
                failed("start-up", &format!("waiting for {name}"));
            }
        }
        Readiness::Drained => failed("readiness", "it is drained"),
        Readiness::Stopping => failed("shutdown", "the service is stopping"),
    }
    for part in &health.parts {
        let told = match (&part.answer, &part.remark) {
            (Err(why), Some(remark)) if !why.is_empty() => {
                format!("[-]{} failed: {why}; {remark}", part.name)
            }
            (Err(why), _) => format!("[-]{} failed: {why}", part.name),
            (Ok(()), None) => format!("[+]{} ok", part.name),
            (Ok(()), Some(remark)) => format!("[+]{} ok: {remark}", part.name),
        };
        line(&mut text, &told);
    }
    text
}

/// Returns the last line.
pub(super) fn verdict(is_ready: bool) -> &'static str {
    if is_ready { "readyz check passed\n" } else { "readyz check failed\n" }
}

/// Adds a line. An error of several lines becomes one, so that each part has one.
fn line(text: &mut String, told: &str) {
    let words: Vec<&str> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let _ = writeln!(text, "{}", words.join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::readiness::Part;

    fn part(name: &'static str, answer: Result<(), &str>, remark: Option<&str>) -> Part {
        Part { name: name.into(), answer: answer.map_err(str::to_owned), remark: remark.map(str::to_owned) }
    }

    #[test]
    fn r30_each_part_has_one_line_in_the_form_of_kubernetes() {
        let parts = vec![
            part("database", Ok(()), None),
            part("orders", Err("connection refused:\n  no route"), None),
            part("sync", Ok(()), Some("begins again in 3 s: refused")),
        ];
        let expected = "[+]database ok\n\
                        [-]orders failed: connection refused: no route\n\
                        [+]sync ok: begins again in 3 s: refused\n";
        assert_eq!(listed(&Health { readiness: Readiness::Ready, parts }, &[]), expected);
    }

    #[test]
    fn r30_a_state_of_the_whole_service_is_the_first_line() {
        for (readiness, first) in [
            (Readiness::Starting, "[-]start-up failed: the service is not ready yet\n"),
            (Readiness::Drained, "[-]readiness failed: it is drained\n"),
            (Readiness::Stopping, "[-]shutdown failed: the service is stopping\n"),
        ] {
            assert_eq!(listed(&Health { readiness, parts: Vec::new() }, &[]), first);
        }
    }

    #[test]
    fn only_the_key_verbose_asks_for_the_list() {
        for query in ["verbose", "verbose=1", "verbose=true", "a=b&verbose"] {
            assert!(is_asked(Some(query)), "{query}");
        }
        for query in [None, Some(""), Some("verbos"), Some("verbosely"), Some("a=verbose")] {
            assert!(!is_asked(query), "{query:?}");
        }
    }
}
