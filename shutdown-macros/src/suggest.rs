//! "Did you mean": the nearest known word, if there is a near one.

/// Returns the end of a message about an unknown word: the nearest known word, or the list of all known words.
pub(crate) fn suggest(word: &str, known: &[&str]) -> String {
    match (nearest(word, known), known) {
        (Some(meant), _) => format!(", did you mean `{meant}`?"),
        (None, [only]) => format!("; the only known one is `{only}`"),
        (None, _) => format!("; the known ones are {}", list(known)),
    }
}

fn list(known: &[&str]) -> String {
    known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the only word with this beginning, or the nearest word within a third of its own length.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (word, plain) = (word.to_lowercase(), |known: &str| known.to_lowercase());
    let mut begun = known.iter().filter(|known| word.len() > 1 && plain(known).starts_with(&word));
    if let (Some(meant), None) = (begun.next(), begun.next()) {
        return Some(meant);
    }
    let ranked = known.iter().map(|known| (distance(&word, &plain(known)), *known));
    let (distance, meant) = ranked.min_by_key(|(distance, _)| *distance)?;
    let bound = (meant.chars().count() / 3).max(1);
    (distance <= bound).then_some(meant)
}

/// Counts the edits from one word to the other. An exchange of two neighbours is one edit.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn a_near_word_is_suggested() {
        assert_eq!(suggest("oder", &["order", "last"]), ", did you mean `order`?");
        assert_eq!(suggest("Sigterm", &["SIGINT", "SIGTERM"]), ", did you mean `SIGTERM`?");
    }

    #[test]
    fn half_a_word_suggests_the_only_one_with_that_beginning() {
        assert_eq!(suggest("ord", &["order", "last"]), ", did you mean `order`?");
        assert_eq!(suggest("SIGU", &["SIGUSR1", "SIGUSR2"]), "; the known ones are `SIGUSR1`, `SIGUSR2`");
    }

    #[test]
    fn a_far_word_gets_the_list() {
        assert_eq!(suggest("priority", &["order", "last"]), "; the known ones are `order`, `last`");
        assert_eq!(suggest("", &["a"]), ", did you mean `a`?");
    }
}
