//! The file of figures, which a person reads and the binary writes.

use std::fmt;

/// What one operation costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The operation.
    pub case: String,
    /// The instructions of one operation, without those of the floor.
    pub instructions: f64,
    /// The instructions of the same work without our code. A change of it is not compared.
    pub floor: f64,
    /// The number of allocations, without those of the floor.
    pub allocations: f64,
}

/// The content of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The compiler and the processor that the figures hold for.
    pub made_by: String,
    /// One figure for each case.
    pub figures: Vec<Figure>,
}

const HEAD: &str = "\
# What one operation costs. `tests/instructions/run --write` writes this file, and `tests/instructions/run` compares it.
# The figures hold for the compiler below and for the versions in Cargo.toml of this folder.
#
# instructions   counted by callgrind in user space, less the floor. An allocation counts as a few of them
# floor          the same work without our code: hyper's own connection, or the part before a teardown. Not compared
# allocations    calls of the allocator, less those of the floor. Below zero are fewer than those of the floor
";

const MADE_BY: &str = "made by: ";

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n{MADE_BY}{}\n", self.made_by)?;
        writeln!(f, "# {:<48} | {:>14} | {:>10} | {:>11}", "case", "instructions", "floor", "allocations")?;
        for Figure { case, instructions, floor, allocations } in &self.figures {
            writeln!(f, "{case:<50} | {instructions:>14.1} | {floor:>10.0} | {allocations:>11.2}")?;
        }
        Ok(())
    }
}

impl Figures {
    /// Reads the text of the file.
    ///
    /// # Errors
    ///
    /// Returns the line that is not a figure, or says what is missing.
    pub fn read(text: &str) -> Result<Figures, String> {
        let (mut made_by, mut figures) = (None, Vec::new());
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix(MADE_BY) {
                Some(rest) if made_by.is_none() => made_by = Some(rest.to_owned()),
                Some(_) => return Err(format!("there are two lines `{MADE_BY}`")),
                None => {
                    let figure = Figure::read(line).ok_or_else(|| format!("`{line}` is not a figure"))?;
                    if figures.iter().any(|other: &Figure| other.case == figure.case) {
                        return Err(format!("there are two figures of `{}`", figure.case));
                    }
                    figures.push(figure);
                }
            }
        }
        let made_by = made_by.ok_or_else(|| format!("there is no line `{MADE_BY}`"))?;
        if figures.is_empty() {
            return Err("there are no figures".to_owned());
        }
        Ok(Figures { made_by, figures })
    }
}

impl Figure {
    fn read(line: &str) -> Option<Figure> {
        let mut cells = line.split('|').map(str::trim);
        let case = cells.next().filter(|case| !case.is_empty())?.to_owned();
        // A figure that is not finite would differ from nothing.
        let mut number = || cells.next()?.parse().ok().filter(|number: &f64| number.is_finite());
        let (instructions, floor, allocations) = (number()?, number()?, number()?);
        cells.next().is_none().then_some(Figure { case, instructions, floor, allocations })
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Figures};

    fn two() -> Figures {
        let figure = |case: &str, instructions| {
            let (floor, allocations) = (9_811.0, 4.25);
            Figure { case: case.to_owned(), instructions, floor, allocations }
        };
        Figures {
            made_by: "rustc 1.95.0".to_owned(),
            figures: vec![figure("a pass", 76.0), figure("a request", 1_380.4)],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Figures::read(&two().to_string()), Ok(two()));
    }

    #[test]
    fn each_line_is_a_figure_or_an_error() {
        for line in [
            "a pass",
            "a pass | 1.0",
            "a pass | 1.0 | 2",
            "a pass | 1.0 | 2 | x",
            "a pass | NaN | 2 | 3",
            "a pass | inf | 2 | 3",
            "a pass | 1.0 | 2 | 3 | 4",
            " | 1.0 | 2 | 3",
        ] {
            let error = Figures::read(&format!("made by: x\n{line}\n")).unwrap_err();
            assert!(error.contains("is not a figure"), "{line}: {error}");
        }
    }

    #[test]
    fn a_file_without_figures_is_an_error() {
        for (text, message) in [
            ("", "no line `made by: `"),
            ("# made by: x\na pass | 1 | 2 | 3", "no line `made by: `"),
            ("made by: x", "no figures"),
            ("made by: x\nmade by: x\na pass | 1 | 2 | 3", "two lines `made by: `"),
            ("made by: x\na pass | 1 | 2 | 3\na pass | 1 | 2 | 3", "two figures of `a pass`"),
        ] {
            let error = Figures::read(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
