//! A pointer from one declaration to another.
//!
//! Declarations point at each other, in circles too where the user made a mistake, and the compiler must be able to
//! read each constant that holds such a pointer without looking behind it. Behind a reference it looks, and reports a
//! cycle in words of its own (E0391); a raw pointer it leaves alone. This is the one place that reads it.

#![expect(unsafe_code, reason = "a reference that the compiler does not follow; see the head of the file")]

use super::Declaration;

/// Where a declaration is.
#[derive(Clone, Copy, Debug)]
pub struct Link(*const Declaration);

// SAFETY: it is a `&'static Declaration`, as `to` is the only way to make one; and `Declaration` is `Sync`.
unsafe impl Send for Link {}
// SAFETY: as above.
unsafe impl Sync for Link {}

impl Link {
    /// To a declaration that is there for ever.
    #[must_use]
    pub const fn to(declaration: &'static Declaration) -> Self {
        Self(declaration)
    }

    /// The declaration.
    pub const fn get(self) -> &'static Declaration {
        // SAFETY: it was a `&'static Declaration`, as `to` is the only way to make one.
        unsafe { &*self.0 }
    }
}

/// How many handles a plain struct may hold.
const MOST: usize = 32;

/// The links of several fields, as one list.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    links: [Link; MOST],
    count: usize,
}

impl Joined {
    /// All of them, in order.
    ///
    /// # Panics
    ///
    /// At more than a plain struct may hold; being evaluated by the compiler, that is a compile error.
    #[must_use]
    pub const fn of(fields: &[&'static [Link]]) -> Self {
        let mut joined = Self { links: [Declaration::NOTHING; MOST], count: 0 };
        let mut field = 0;
        while field < fields.len() {
            let mut at = 0;
            while at < fields[field].len() {
                assert!(
                    joined.count < MOST,
                    "a struct that derives `Holds` holds more than 32 handles: split it"
                );
                joined.links[joined.count] = fields[field][at];
                joined.count += 1;
                at += 1;
            }
            field += 1;
        }
        joined
    }

    /// The list.
    pub const fn links(&self) -> &[Link] {
        self.links.split_at(self.count).0
    }
}

const _: () = {
    const fn is_sync<T: Sync>() {}
    is_sync::<Declaration>();
};
