//! The fields that the body of a `teardown` names.

/// The fields that the body of `teardown` names.
#[derive(Clone, Copy, Debug)]
pub enum Touched {
    /// There is no impl.
    NoImpl,
    /// Every field counts as named: the body passes `self` on.
    Any,
    /// The body names these fields.
    Only(&'static [&'static str]),
}

impl Touched {
    /// Returns whether the body names `field`.
    #[must_use]
    pub const fn has(self, field: &str) -> bool {
        match self {
            Self::NoImpl => false,
            Self::Any => true,
            Self::Only(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    if is_same(fields[at], field) {
                        return true;
                    }
                    at += 1;
                }
                false
            }
        }
    }
}

/// Compares two texts. `==` is not const.
pub(crate) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
