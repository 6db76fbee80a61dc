//! The type that the lint `unreleased_field` suggests for a field.

use super::leak::{Leak, Wrapper};
use super::text::Text;
use crate::resource::touched::is_same;

/// Returns the type that a bare `#[teardown]` releases, with the wrappers that may stay around the value.
pub(super) const fn hint(leak: &Leak) -> Text {
    let mut text = Text::new();
    let Some(wrappers) = leak.wrappers() else {
        text.add(leak.form);
        return text;
    };
    // A lock that releases several values at once, and the type of each value.
    let lock = match inside(leak.form) {
        Some(inside) => Some(("std::sync::Mutex", inside)),
        None if leak.locked.is_empty() => None,
        None => Some((leak.locked, leak.form)),
    };
    let mut at = 0;
    while at < wrappers.len() {
        match wrappers[at] {
            Wrapper::Stays(before, _) | Wrapper::Several(before, _) => {
                text.add(before);
            }
            // Inside a lock that releases several values, the collection stays, so that it can still grow.
            Wrapper::Lock if at + 2 == wrappers.len() => {
                if let (Wrapper::Several(before, after), Some((lock, inside))) = (wrappers[at + 1], lock) {
                    text.add_all(&[lock, "<", before, inside, after, ">"]);
                    close(&mut text, wrappers.split_at(at).0);
                    return text;
                }
            }
            Wrapper::Lock if at + 1 == wrappers.len() && !leak.locked.is_empty() => {
                text.add_all(&[leak.locked, "<", leak.form, ">"]);
                close(&mut text, wrappers.split_at(at).0);
                return text;
            }
            Wrapper::Lock | Wrapper::Goes | Wrapper::Tuple => {}
        }
        at += 1;
    }
    text.add(leak.form);
    close(&mut text, wrappers);
    text
}

/// Appends what the wrappers have after the value.
const fn close(text: &mut Text, wrappers: &[Wrapper]) {
    let mut at = wrappers.len();
    while at > 0 {
        at -= 1;
        if let Wrapper::Stays(_, after) | Wrapper::Several(_, after) = wrappers[at] {
            text.add(after);
        }
    }
}

/// Returns the type inside a `Slot` or a `Mutex`.
const fn inside(form: &'static str) -> Option<&'static str> {
    let locks = ["lifecycle::Slot<", "std::sync::Mutex<", "tokio::sync::Mutex<"];
    let mut at = 0;
    while at < locks.len() {
        let length = locks[at].len();
        if form.len() > length + 1 && is_same(form.split_at(length).0, locks[at]) {
            let rest = form.split_at(length).1;
            return Some(rest.split_at(rest.len() - 1).0);
        }
        at += 1;
    }
    None
}
