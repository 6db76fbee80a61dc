//! A pointer from one declaration to another.
//!
//! Declarations point at each other, in cycles too if the user made a mistake. The compiler validates each constant that
//! holds such a pointer. It follows a reference, and then reports a cycle in its own words (E0391). It does not follow a
//! raw pointer. This file is the only one that reads the pointer.

#![expect(unsafe_code, reason = "a pointer that the compiler does not follow: see the head of the file")]

use super::declaration::Declaration;

/// A pointer to a declaration.
#[derive(Clone, Copy, Debug)]
pub struct Link(*const Declaration);

// SAFETY: `to` is the only constructor, so it is a `&'static Declaration`. `Declaration` is `Sync`.
unsafe impl Send for Link {}
// SAFETY: as above.
unsafe impl Sync for Link {}

impl Link {
    /// Points to a declaration.
    #[must_use]
    pub const fn to(declaration: &'static Declaration) -> Self {
        Self(declaration)
    }

    /// Returns the declaration.
    pub const fn get(self) -> &'static Declaration {
        // SAFETY: `to` is the only constructor, so it was a `&'static Declaration`.
        unsafe { &*self.0 }
    }
}

/// How many handles a plain struct may hold at most.
const MOST: usize = 32;

/// The links of several fields, as one list.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    links: [Link; MOST],
    count: usize,
}

impl Joined {
    /// Joins the links of all fields, in their order.
    ///
    /// # Panics
    ///
    /// Panics if there are more than 32. In a constant that is a compile error.
    #[must_use]
    pub const fn of(fields: &[&'static [Link]]) -> Self {
        let mut joined = Self { links: [Declaration::NOTHING; MOST], count: 0 };
        let mut field = 0;
        while field < fields.len() {
            let mut at = 0;
            while at < fields[field].len() {
                assert!(
                    joined.count < MOST,
                    "a struct that derives `Holds` cannot hold more than 32 handles; split the struct"
                );
                joined.links[joined.count] = fields[field][at];
                joined.count += 1;
                at += 1;
            }
            field += 1;
        }
        joined
    }

    /// Returns the list.
    pub const fn links(&self) -> &[Link] {
        self.links.split_at(self.count).0
    }
}

const _: () = {
    const fn is_sync<T: Sync>() {}
    is_sync::<Declaration>();
};
