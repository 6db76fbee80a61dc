//! The lint `unknown_client`: a field that looks like a handle of a known client, and whose type no feature knows.

use super::leak::Leak;

/// A field that looks like a handle of a known client. `UNKNOWN` says that the field needs a warning.
///
/// Generated code names `unknown_client` of this type, which is a deprecated method of the user's crate if it is not the
/// one below.
#[derive(Debug)]
pub struct Client<const UNKNOWN: bool>;

impl Client<false> {
    /// Does nothing.
    pub const fn unknown_client(&self) {}
}

/// Returns whether one of the types that look like a handle is unknown. `handles` holds the message about each.
#[must_use]
pub const fn is_unknown(found: Option<Leak>, bare: bool, handles: &[(bool, &'static str)]) -> bool {
    first(found.is_some() || bare, handles).is_some()
}

/// Refuses a bare `#[teardown]` on such a type. The error points at the call.
///
/// # Panics
///
/// Panics in a constant of the user's crate, which is the compile error.
#[track_caller]
pub const fn unknown(found: Option<Leak>, bare: bool, handles: &[(bool, &'static str)]) {
    if let Some(message) = first(found.is_some() || bare, handles) {
        panic!("{}", message)
    }
}

/// Returns the message about the first unknown type. A type that is known as a whole has none.
const fn first(is_known: bool, handles: &[(bool, &'static str)]) -> Option<&'static str> {
    if is_known {
        return None;
    }
    let mut at = 0;
    while at < handles.len() {
        if let (true, message) = handles[at] {
            return Some(message);
        }
        at += 1;
    }
    None
}
