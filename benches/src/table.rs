//! The printed tables.

/// A limit that the project promises for its own cost.
pub(crate) struct Goal {
    what: String,
    limit: String,
    figure: String,
    met: bool,
}

impl Goal {
    /// Returns a goal that each figure up to `limit` meets.
    pub(crate) fn at_most(what: impl Into<String>, limit: f64, figure: f64, unit: &str) -> Goal {
        Goal {
            what: what.into(),
            limit: format!("<= {limit} {unit}"),
            figure: format!("{figure:.2} {unit}"),
            met: figure <= limit,
        }
    }

    pub(crate) fn holds(what: impl Into<String>, figure: impl Into<String>, met: bool) -> Goal {
        Goal { what: what.into(), limit: "always".to_owned(), figure: figure.into(), met }
    }
}

pub(crate) fn goals(goals: &[Goal]) {
    let row = |goal: &Goal| {
        let met = if goal.met { "met" } else { "MISSED" };
        [goal.what.clone(), goal.limit.clone(), goal.figure.clone(), met.to_owned()]
    };
    let rows: Vec<[String; 4]> = goals.iter().map(row).collect();
    print("goals", ["goal", "limit", "figure", ""], &rows);
}

/// Prints a Markdown table with aligned columns. The first column is aligned to the left, and the others to
/// the right.
pub(crate) fn print<const N: usize>(title: &str, head: [&str; N], rows: &[[String; N]]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        for (at, cell) in cells.iter().enumerate() {
            let width = widths[at];
            if at == 0 {
                print!("| {cell:<width$} |");
            } else {
                print!(" {cell:>width$} |");
            }
        }
        println!();
    };
    println!("\n## {title}\n");
    line(head);
    let rule = widths.map(|width| "-".repeat(width));
    line(rule.each_ref().map(String::as_str));
    for row in rows {
        line(row.each_ref().map(String::as_str));
    }
}

/// Builds a row of texts.
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { [$($cell.to_string()),*] };
}
