//! Code that belongs into one place only: atomics, poisoned locks, `unsafe`.

use std::collections::BTreeSet;

use crate::Module;

/// The only folder that names atomics and recovers from poisoned locks.
const PRIMITIVES: &str = "sync";

/// Returns the lines outside `sync` that name `PoisonError`.
pub fn poisoned_locks(modules: &[Module]) -> Vec<String> {
    let outside = modules.iter().filter(|module| !is_primitive(module));
    outside.flat_map(|module| places(module, &module.poison_lines)).collect()
}

/// Returns the lines outside `sync` that name `std::sync::atomic`.
pub fn bare_atomics(modules: &[Module]) -> Vec<String> {
    let outside = modules.iter().filter(|module| !is_primitive(module));
    let lines = outside.flat_map(|module| {
        let named = module.names.iter().filter(|named| {
            let is_own = named.path.first().is_some_and(|name| name == "crate");
            !is_own && named.path.windows(2).any(|pair| pair[0] == "sync" && pair[1] == "atomic")
        });
        let lines: BTreeSet<usize> = named.map(|named| named.line).collect();
        places(module, &lines.into_iter().collect::<Vec<_>>())
    });
    lines.collect()
}

/// Returns the files that have `unsafe` outside their tests.
pub fn unsafe_files(modules: &[Module]) -> BTreeSet<String> {
    let with_unsafe = modules.iter().filter(|module| !module.unsafe_lines.is_empty());
    with_unsafe.map(|module| module.file.clone()).collect()
}

/// Returns the files that `page` lists: the first cells of the table after `<!-- unsafe -->`.
pub fn listed_unsafe_files(page: &str) -> BTreeSet<String> {
    let after = page.lines().skip_while(|line| *line != "<!-- unsafe -->").skip(1);
    let rows = after.skip_while(|line| line.is_empty()).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`'));
    cells.map(str::to_owned).collect()
}

fn is_primitive(module: &Module) -> bool {
    module.path.first().is_some_and(|name| name == PRIMITIVES)
}

fn places(module: &Module, lines: &[usize]) -> Vec<String> {
    lines.iter().map(|line| format!("{}:{line}", module.file)).collect()
}
