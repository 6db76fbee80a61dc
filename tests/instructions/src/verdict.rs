//! The comparison of new figures with the figures of the file.

use crate::figures::{Figure, Figures};

/// The share by which a figure may differ.
const TOLERANCE: f64 = 0.02;
/// What a figure with a floor may differ by in any case. It is the difference of two counts, and each of them varies by up to
/// 17 instructions when the machine is busy.
const OF_TWO_COUNTS: f64 = 40.0;
/// An allocation in so many operations is a rounding of the file.
const ROUNDING: f64 = 0.01;

/// What the comparison has found.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Each figure is within the tolerance.
    Same,
    /// Each fault as a line.
    Differs(Vec<String>),
    /// Another compiler or processor has other figures, so that nothing was compared. The text says which.
    NotCompared(String),
}

/// Compares the figures of the file with new ones.
#[must_use]
pub fn compare(file: &Figures, new: &Figures) -> Verdict {
    if file.made_by != new.made_by {
        return Verdict::NotCompared(format!(
            "the figures hold for `{}`, and this is `{}`",
            file.made_by, new.made_by
        ));
    }
    let mut faults = Vec::new();
    for now in &new.figures {
        match file.figures.iter().find(|old| old.case == now.case) {
            Some(old) => faults.extend(differences(old, now)),
            None => faults.push(format!("{}: the file has no figure", now.case)),
        }
    }
    let is_gone = |old: &&Figure| !new.figures.iter().any(|now| now.case == old.case);
    faults
        .extend(file.figures.iter().filter(is_gone).map(|old| format!("{}: nothing measures it", old.case)));
    if faults.is_empty() { Verdict::Same } else { Verdict::Differs(faults) }
}

fn differences(old: &Figure, now: &Figure) -> Vec<String> {
    let least = if old.floor > 0.0 { OF_TWO_COUNTS } else { 0.0 };
    let columns = [
        ("instructions", old.instructions, now.instructions, least),
        ("allocations", old.allocations, now.allocations, ROUNDING),
    ];
    let mut faults = Vec::new();
    for (what, old, new, least) in columns {
        let is_same = (new - old).abs() <= (old.abs() * TOLERANCE).max(least);
        // A figure that is not a number is not the same.
        if !is_same {
            let percent = (new - old) / old.abs() * 100.0;
            faults.push(format!("{}: {new:.2} {what}, not {old:.2} ({percent:+.1} %)", now.case));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::{Verdict, compare};
    use crate::figures::{Figure, Figures};

    fn figure(case: &str, instructions: f64, allocations: f64) -> Figure {
        Figure { case: case.to_owned(), instructions, floor: 0.0, allocations }
    }

    fn of(figures: &[Figure]) -> Figures {
        Figures { made_by: "rustc 1.95.0".to_owned(), figures: figures.to_vec() }
    }

    fn compared(old: &Figure, new: &Figure) -> Verdict {
        compare(&of(from_ref(old)), &of(from_ref(new)))
    }

    fn fault(text: &str) -> Verdict {
        Verdict::Differs(vec![text.to_owned()])
    }

    #[test]
    fn a_figure_may_differ_by_two_percent_in_both_directions() {
        let old = figure("a request", 1_000.0, 50.0);
        for instructions in [980.0, 1_000.0, 1_020.0] {
            assert_eq!(compared(&old, &figure("a request", instructions, 50.0)), Verdict::Same);
        }
        for allocations in [49.0, 51.0] {
            assert_eq!(compared(&old, &figure("a request", 1_000.0, allocations)), Verdict::Same);
        }
    }

    #[test]
    fn a_dearer_figure_is_a_fault_that_names_the_case_and_both_figures() {
        let old = figure("a request", 1_000.0, 50.0);
        assert_eq!(
            compared(&old, &figure("a request", 1_020.1, 50.0)),
            fault("a request: 1020.10 instructions, not 1000.00 (+2.0 %)")
        );
        assert_eq!(
            compared(&old, &figure("a request", 1_000.0, 52.0)),
            fault("a request: 52.00 allocations, not 50.00 (+4.0 %)")
        );
    }

    #[test]
    fn a_cheaper_figure_is_a_fault_so_that_the_file_stays_true() {
        assert_eq!(
            compared(&figure("a pass", 80.0, 0.0), &figure("a pass", 40.0, 0.0)),
            fault("a pass: 40.00 instructions, not 80.00 (-50.0 %)")
        );
    }

    #[test]
    fn one_allocation_where_there_was_none_is_a_fault() {
        let old = figure("a pass", 80.0, 0.0);
        assert_eq!(compared(&old, &figure("a pass", 80.0, 0.005)), Verdict::Same);
        assert_eq!(
            compared(&old, &figure("a pass", 80.0, 1.0)),
            fault("a pass: 1.00 allocations, not 0.00 (+inf %)")
        );
    }

    #[test]
    fn a_figure_that_is_not_a_number_is_a_fault() {
        let old = figure("a pass", 80.0, 0.0);
        assert!(matches!(compared(&old, &figure("a pass", f64::NAN, 0.0)), Verdict::Differs(_)));
    }

    #[test]
    fn a_figure_with_a_floor_may_differ_by_the_noise_of_two_counts() {
        let over = |instructions| Figure { floor: 9_000.0, ..figure("a request", instructions, 50.0) };
        assert_eq!(compared(&over(1_000.0), &over(1_040.0)), Verdict::Same);
        assert_eq!(
            compared(&over(1_000.0), &over(1_041.0)),
            fault("a request: 1041.00 instructions, not 1000.00 (+4.1 %)")
        );
        assert_eq!(compared(&over(4_000.0), &over(4_080.0)), Verdict::Same);
        assert_ne!(compared(&over(4_000.0), &over(4_081.0)), Verdict::Same);
    }

    #[test]
    fn a_change_of_the_floor_alone_is_not_a_fault() {
        let old = Figure { floor: 10_000.0, ..figure("a request", 1_000.0, 50.0) };
        assert_eq!(compared(&old, &Figure { floor: 20_000.0, ..old.clone() }), Verdict::Same);
    }

    #[test]
    fn a_case_without_a_figure_and_a_figure_without_a_case_are_faults() {
        let (pass, request) = (figure("a pass", 80.0, 0.0), figure("a request", 1_000.0, 50.0));
        let both = of(&[pass.clone(), request]);
        assert_eq!(compare(&of(from_ref(&pass)), &both), fault("a request: the file has no figure"));
        assert_eq!(compare(&both, &of(&[pass])), fault("a request: nothing measures it"));
    }

    #[test]
    fn nothing_is_compared_with_another_compiler() {
        let old = of(&[figure("a pass", 80.0, 0.0)]);
        let new = Figures { made_by: "rustc 1.96.0".to_owned(), figures: vec![figure("a pass", 400.0, 9.0)] };
        let text = "the figures hold for `rustc 1.95.0`, and this is `rustc 1.96.0`";
        assert_eq!(compare(&old, &new), Verdict::NotCompared(text.to_owned()));
    }
}
