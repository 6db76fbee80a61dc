//! A plan as text: for a person, for Graphviz, for Mermaid, and for a program.

use std::fmt::Write as _;

use super::Plan;
use crate::json::quoted;

/// A format that `LIFECYCLE_PLAN` selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Tree,
    Dot,
    Mermaid,
    Json,
}

impl Format {
    pub(crate) fn from_name(name: &str) -> Option<Format> {
        Some(match name {
            "tree" => Format::Tree,
            "dot" => Format::Dot,
            "mermaid" => Format::Mermaid,
            "json" => Format::Json,
            _ => return None,
        })
    }
}

/// Prints `plan`, with its items in the order of R4, followed by the `generic` resources, which a plan cannot show.
///
/// The JSON is an array, to which the process adds the times.
pub(crate) fn render(plan: &Plan, generic: &[String], format: Format) -> String {
    let mut items: Vec<usize> = (0..plan.items().len()).collect();
    plan.sort(&mut items);
    let mut text = match format {
        Format::Tree => tree(plan, &items),
        Format::Dot => graph(plan, &items, "digraph teardown {\n", "}\n", &DOT),
        Format::Mermaid => graph(plan, &items, "graph TD\n", "", &MERMAID),
        Format::Json => return json(plan, &items, generic),
    };
    let comment = match format {
        Format::Dot => "// ",
        Format::Mermaid => "%% ",
        Format::Tree | Format::Json => "",
    };
    if format == Format::Tree && !items.is_empty() {
        steps(plan, &items, "stop order", &mut text);
        steps(&plan.turned_round(), &items, "start order", &mut text);
    }
    if !generic.is_empty() {
        let _ = writeln!(text, "{comment}generic (the types are known only at run time):");
    }
    for name in generic {
        let _ = writeln!(text, "{comment}  {name}");
    }
    text
}

/// Returns the declared order, time-out and stage of an item, as printed after its name.
fn facts(plan: &Plan, item: usize) -> String {
    let item = &plan.items()[item];
    let mut facts = String::new();
    if let Some(order) = item.order {
        let _ = write!(facts, "  order {order}");
    }
    if let Some(timeout) = item.timeout {
        let _ = write!(facts, "  timeout {}", humantime::format_duration(timeout));
    }
    if let Some(method) = item.at_notice {
        let _ = write!(facts, "  at notice {method}");
    }
    if item.stage.is_last() {
        facts.push_str("  last");
    }
    facts
}

fn tree(plan: &Plan, items: &[usize]) -> String {
    let mut text = format!("teardown plan: {} declared resources\n", items.len());
    for item in items {
        let _ = writeln!(text, "{}{}", plan.items()[*item].name, facts(plan, *item));
        let edges = plan.item_successors(*item);
        for (at, (other, why)) in edges.iter().enumerate() {
            let branch = if at + 1 == edges.len() { "└─" } else { "├─" };
            let _ = writeln!(text, "  {branch} before {}: {why}", plan.items()[*other].name);
        }
    }
    text
}

/// Prints one direction of the plan (R25). What stands in one line runs concurrently, after the lines above it.
fn steps(plan: &Plan, items: &[usize], title: &str, text: &mut String) {
    let _ = writeln!(text, "{title}:");
    let step_of = plan.steps();
    for step in 1..=step_of.iter().flatten().max().copied().unwrap_or_default() {
        let names = items.iter().filter(|item| step_of[**item] == Some(step));
        let names: Vec<&str> = names.map(|item| &*plan.items()[*item].name).collect();
        let _ = writeln!(text, "  {step}. {}", names.join(", "));
    }
}

/// The syntax of a drawing language. Nodes are identified by number, because two may have the same name.
struct Drawing {
    node: fn(usize, &str) -> String,
    edge: fn(usize, usize, &str) -> String,
}

const DOT: Drawing = Drawing {
    node: |node, name| format!("  n{node} [label={}];\n", quoted(name)),
    edge: |from, to, why| format!("  n{from} -> n{to} [label={}];\n", quoted(why)),
};

const MERMAID: Drawing = Drawing {
    node: |node, name| format!("  n{node}[\"{}\"]\n", mermaid(name)),
    edge: |from, to, why| format!("  n{from} -->|\"{}\"| n{to}\n", mermaid(why)),
};

/// Escapes text between Mermaid's quotes. Mermaid has no backslash escapes, and reads a backtick as Markdown.
fn mermaid(text: &str) -> String {
    text.replace('`', "")
        .replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
}

fn graph(plan: &Plan, items: &[usize], head: &str, foot: &str, drawing: &Drawing) -> String {
    let mut number = vec![0; items.len()];
    for (at, item) in items.iter().enumerate() {
        number[*item] = at;
    }
    let mut text = String::from(head);
    for item in items {
        text.push_str(&(drawing.node)(number[*item], &plan.items()[*item].name));
    }
    for item in items {
        for (other, why) in plan.item_successors(*item) {
            text.push_str(&(drawing.edge)(number[*item], number[other], &why.to_string()));
        }
    }
    text.push_str(foot);
    text
}

fn json(plan: &Plan, items: &[usize], generic: &[String]) -> String {
    let (stop, start) = (plan.steps(), plan.turned_round().steps());
    let number = |step: Option<usize>| step.map_or_else(|| "null".to_owned(), |step| step.to_string());
    let rows: Vec<String> = items
        .iter()
        .map(|at| {
            let item = &plan.items()[*at];
            let before: Vec<String> = plan
                .item_successors(*at)
                .into_iter()
                .map(|(other, why)| {
                    let name = quoted(&plan.items()[other].name);
                    format!("{{\"name\":{name},\"why\":{}}}", quoted(&why.to_string()))
                })
                .collect();
            let order = item.order.map_or_else(|| "null".to_owned(), |order| order.to_string());
            let at_notice = item.at_notice.map_or_else(|| "null".to_owned(), quoted);
            let timeout = item.timeout.map_or_else(|| "null".to_owned(), |t| t.as_millis().to_string());
            format!(
                "  {{\"name\":{},\"order\":{order},\"timeout_ms\":{timeout},\"at_notice\":{at_notice},\"last\":{},\
                 \"stop_step\":{},\"start_step\":{},\"before\":[{}]}}",
                quoted(&item.name),
                item.stage.is_last(),
                number(stop[*at]),
                number(start[*at]),
                before.join(",")
            )
        })
        .chain(generic.iter().map(|name| format!("  {{\"name\":{},\"generic\":true}}", quoted(name))))
        .collect();
    if rows.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", rows.join(",\n")) }
}
