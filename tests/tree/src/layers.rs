//! The layers of a crate, and the paths that run against them.
//!
//! The layers stand in a fenced block of `ARCHITECTURE.md` with the language `layers`. A line is a layer. A module
//! uses only the modules of the lines above its own. Modules on one line do not use each other. `lib.rs` and
//! `__private` use every module, and no module uses them.

use std::collections::{BTreeMap, BTreeSet};

use crate::Module;

/// The page with the layers.
pub const PAGE: &str = "ARCHITECTURE.md";

/// The module whose paths are those of generated code.
const DOOR: &str = "__private";

/// The modules of each layer, from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers(Vec<Vec<String>>);

impl Layers {
    /// Reads the block of `page`.
    ///
    /// # Panics
    ///
    /// If there is no such block.
    pub fn of(page: &str) -> Layers {
        let begun = page.lines().skip_while(|line| *line != "```layers").skip(1);
        let lines: Vec<&str> = begun.take_while(|line| *line != "```").collect();
        assert!(!lines.is_empty(), "{PAGE} has no block of layers, which begins with \"```layers\"");
        Layers(lines.iter().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect())
    }

    fn place(&self, module: &str) -> Option<usize> {
        self.0.iter().position(|layer| layer.iter().any(|name| name == module))
    }
}

/// One path from a folder to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The top module that has the path.
    pub from: String,
    /// The top module that the path leads to, or `lib.rs`.
    pub to: String,
    /// The file and the line.
    pub place: String,
    /// The path as written.
    pub path: String,
}

/// Returns the paths between the top modules, each module with its own in it. `lib.rs` and `__private` have none.
pub fn edges(modules: &[Module]) -> Vec<Edge> {
    let root = Root::of(modules);
    let mut edges = BTreeSet::new();
    for module in modules {
        let Some(from) = module.path.first().filter(|name| *name != DOOR) else { continue };
        for named in &module.names {
            let Some(target) = absolute(&module.path, &named.path) else { continue };
            let to = root.top_module(&target);
            if to != *from {
                let place = format!("{}:{}", module.file, named.line);
                edges.insert(Edge { from: from.clone(), to, place, path: named.path.join("::") });
            }
        }
    }
    edges.into_iter().collect()
}

/// Returns one sentence for each path that runs up, each module without a layer, each layer without a module, and each
/// circle.
pub fn faults(modules: &[Module], layers: &Layers) -> Vec<String> {
    let edges = edges(modules);
    let top: BTreeSet<&String> = modules.iter().filter_map(|module| module.path.first()).collect();
    let homeless = top.iter().filter(|name| **name != DOOR && layers.place(name).is_none());
    let mut faults: Vec<String> =
        homeless.map(|name| format!("`{name}` is in no layer: write it into the block of {PAGE}")).collect();
    let empty = layers.0.iter().flatten().filter(|name| !top.contains(name));
    faults.extend(empty.map(|name| format!("the layers of {PAGE} have `{name}`, which is not a module")));
    for Edge { from, to, place, path } in &edges {
        let Some(own) = layers.place(from) else { continue };
        if layers.place(to).is_none_or(|other| other >= own) {
            faults.push(format!("{place}: `{from}` uses `{to}`, which is not above it (`{path}`)"));
        }
    }
    faults.extend(circles(&edges).iter().map(|circle| format!("a circle of folders: {}", circle.join(", "))));
    faults
}

/// Returns the groups of top modules that reach each other.
pub fn circles(edges: &[Edge]) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges {
        next.entry(&edge.from).or_default().insert(&edge.to);
    }
    let reach = |from: &str| -> BTreeSet<&str> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            for to in next.get(at).into_iter().flatten() {
                if reached.insert(*to) {
                    open.push(to);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|from| (*from, reach(from))).collect();
    let together =
        |a: &str, b: &str| reached[a].contains(b) && reached.get(b).is_some_and(|reach| reach.contains(a));
    let groups = reached.keys().map(|a| -> Vec<String> {
        reached.keys().filter(|b| together(a, b)).map(|b| (*b).to_owned()).collect()
    });
    let groups: BTreeSet<Vec<String>> = groups.filter(|group| group.len() > 1).collect();
    groups.into_iter().collect()
}

/// The path from the crate's root, if `path` leads to this crate.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    match path.first()?.as_str() {
        "crate" if path.len() > 1 => Some(path[1..].to_vec()),
        "super" if path.len() > ups => {
            let base = module.len().checked_sub(ups)?;
            Some(module[..base].iter().chain(&path[ups..]).cloned().collect())
        }
        _ => None,
    }
}

/// What the crate's root declares, and where its exports are from.
struct Root {
    modules: BTreeSet<String>,
    exports: BTreeMap<String, String>,
}

impl Root {
    fn of(modules: &[Module]) -> Root {
        let top: BTreeSet<String> =
            modules.iter().filter_map(|module| module.path.first().cloned()).collect();
        let root = modules.iter().filter(|module| module.path.is_empty());
        let exports = root.flat_map(|module| &module.names).filter_map(|named| {
            let from = named.path.iter().find(|name| *name != "crate" && *name != "self")?;
            let name = named.alias.as_ref().or(named.path.last())?;
            top.contains(from).then(|| (name.clone(), from.clone()))
        });
        Root { exports: exports.collect(), modules: top }
    }

    fn top_module(&self, path: &[String]) -> String {
        let first = &path[0];
        if self.modules.contains(first) {
            return first.clone();
        }
        self.exports.get(first).cloned().unwrap_or_else(|| "lib.rs".to_owned())
    }
}
