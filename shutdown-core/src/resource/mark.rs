//! Which types the program hands to `manage` anywhere, read off its own file.
//!
//! No registry can say that: a generic function registers nothing, and a linked program knows nothing of the calls in
//! it. But [`Mark::leave`] puts a few bytes, made of what a type declares, beside the code of each `manage` of that type;
//! the compiler makes that code only where it is called, and the linker drops it where nothing leads to it. So whether
//! the bytes are in the file is whether an instance can ever be managed.

use std::collections::HashSet;
use std::hint::black_box;
use std::panic::Location;

use super::{Declaration, Resource};

/// A type, in a form that is in the program where it is managed, and nowhere else.
///
/// 24 bytes: of constants of 4, 8, 16 and 32 some linkers keep all of a file, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C, align(8))]
pub(crate) struct Mark {
    begin: u64,
    digest: [u64; 2],
}

const BEGIN: u64 = u64::from_ne_bytes(*b"lc:mark\0");
const SIZE: usize = size_of::<Mark>();

impl Mark {
    /// In the file wherever this is called, for this type.
    pub(crate) fn leave<T: Resource>() {
        // By its address, so that the bytes have to be somewhere.
        black_box(const { &Mark::of(T::DECLARATION) });
    }

    /// Each type has a place of its own in the source, or a name of its own where a macro makes several there.
    pub(crate) const fn of(declaration: &Declaration) -> Mark {
        let Declaration { name, module, location, .. } = *declaration;
        Mark {
            begin: BEGIN,
            digest: [digest(FIRST, name, module, location), digest(!FIRST, name, module, location)],
        }
    }
}

/// FNV-1a, which is all that can be had in a constant.
const FIRST: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

const fn digest(seed: u64, name: &str, module: &str, location: &Location<'_>) -> u64 {
    let mut digest = bytes(bytes(bytes(seed, name), module), location.file());
    digest = (digest ^ location.line() as u64).wrapping_mul(PRIME);
    (digest ^ location.column() as u64).wrapping_mul(PRIME)
}

const fn bytes(mut digest: u64, text: &str) -> u64 {
    let mut at = 0;
    while at < text.len() {
        digest = (digest ^ text.as_bytes()[at] as u64).wrapping_mul(PRIME);
        at += 1;
    }
    // So that what ends one text does not begin the next.
    (digest ^ 0xff).wrapping_mul(PRIME)
}

/// The marks in the file of this program; `None` where it does not show them, as one that is packed does not.
pub(crate) fn marks(program: &[u8]) -> Option<HashSet<Mark>> {
    let mut marks = scan(program);
    // One that is there for sure.
    marks.remove(black_box(const { &Mark::of(Declaration::NOTHING.get()) })).then_some(marks)
}

/// They are as aligned in the file as they are in memory.
fn scan(program: &[u8]) -> HashSet<Mark> {
    let word = |at: usize| program.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
    let at = (0..program.len().saturating_sub(SIZE - 1)).step_by(8);
    at.filter(|at| word(*at) == Some(BEGIN))
        .filter_map(|at| Some(Mark { begin: BEGIN, digest: [word(at + 8)?, word(at + 16)?] }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark_of(name: &'static str) -> Mark {
        Mark::of(&Declaration::new::<()>(name, module_path!()))
    }

    fn in_memory(mark: Mark) -> Vec<u8> {
        [mark.begin, mark.digest[0], mark.digest[1]].into_iter().flat_map(u64::to_ne_bytes).collect()
    }

    #[test]
    fn a_mark_is_found_again_up_to_the_last_byte() {
        let (first, last) = (mark_of("Database"), mark_of("Ledger"));
        assert_ne!(first.digest, last.digest);
        let program =
            [&b"an opening of 24 bytes..."[..24], &in_memory(first), &[0; 40], &in_memory(last)].concat();
        assert_eq!(scan(&program), HashSet::from([first, last]));
        assert_eq!(scan(&program[..program.len() - 1]), HashSet::from([first]));
        assert_eq!(scan(b"short"), HashSet::new());
    }

    #[test]
    fn a_file_that_is_packed_says_nothing() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(marks(&program).is_some());
        assert!(marks(&program.iter().map(|byte| !byte).collect::<Vec<_>>()).is_none());
    }

    /// A name that ends where the module begins is another type.
    #[test]
    fn each_part_counts_by_itself() {
        let [ab_c, a_bc] =
            [("ab", "c"), ("a", "bc")].map(|(name, module)| Declaration::new::<()>(name, module));
        let one_place = Declaration { location: ab_c.location, ..a_bc };
        assert_ne!(Mark::of(&ab_c), Mark::of(&one_place));
    }
}
