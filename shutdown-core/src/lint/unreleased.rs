//! The lint `unreleased_field`: whether a field is released, and the message if it is not.

use super::hint::hint;
use super::leak::Leak;
use super::text::Text;
use crate::resource::touched::Touched;

/// A field of a resource, as generated code describes it.
#[derive(Debug)]
pub struct Field {
    /// The struct.
    pub owner: &'static str,
    /// The field.
    pub name: &'static str,
    /// Whether the resource needs an `impl Teardown`. Its absence is an error of its own.
    pub own_required: bool,
    /// Whether the attribute has `no_teardown`.
    pub no_teardown: bool,
}

/// Refuses a field that nothing releases. The error points at the call.
///
/// # Panics
///
/// Panics in a constant of the user's crate, which is the compile error.
#[track_caller]
pub const fn unreleased(found: Option<Leak>, touched: Touched, bare: bool, field: &Field) {
    let Some(leak) = found else { return };
    let is_reported = field.own_required && matches!(touched, Touched::NoImpl);
    if is_reported || touched.has(field.name) {
        return;
    }
    panic!("{}", message(&leak, touched, bare, field).as_str())
}

const fn message(leak: &Leak, touched: Touched, bare: bool, field: &Field) -> Text {
    let mut text = Text::new();
    text.add_all(&["lifecycle::lints::unreleased_field: nothing releases the `", leak.ty, "` in `"]);
    text.add_all(&[field.owner, "::", field.name, "`"]);
    let mut at = 0;
    while at < leak.path().len() {
        let (owner, inner) = leak.path()[at];
        text.add_all(&[", there in `", owner, "::", inner, "`"]);
        at += 1;
    }
    text.add_all(&["\nlost: ", leak.lost, "\nhelp: "]);
    let is_inside = !leak.path().is_empty();
    if is_inside {
        text.add_all(&["make `", leak.path()[0].0, "` a resource and hold a `Managed` of it"]);
        text.add(", or release it in the body of `teardown`");
    } else if bare {
        text.add_all(&["write `#[teardown]` on the field, which ", leak.does]);
    } else if leak.form.is_empty() {
        text.add(leak.does);
    } else if leak.is_in_a_tuple() {
        text.add("give it a field of its own and write `#[teardown]` on that, or release it in the body of `teardown`");
    } else {
        add_form(&mut text, leak);
        text.add(" and write `#[teardown]` on it, which ").add(leak.does);
    }
    if field.no_teardown {
        text.add(", and remove `no_teardown`");
    }
    if matches!(touched, Touched::Only(_)) && !is_inside {
        text.add("\nhelp: or release it in the body of `teardown`, which does not name it");
    }
    text.add("\nhelp: or say why nothing has to be done: `#[teardown(skip = \"..\")]`")
        .add("\nnote: the docs of `lifecycle::lints::unreleased_field` list the known types");
    text
}

/// Returns whether a known type with a bare `#[teardown]` is only released by value or by `&mut`.
#[must_use]
pub const fn is_by_value(found: Option<Leak>, bare: bool) -> bool {
    found.is_some() && !bare
}

/// Refuses a bare `#[teardown]` on a known type that needs a lock or a `Slot` around it. The error points at the call.
///
/// # Panics
///
/// Panics in a constant of the user's crate, which is the compile error.
#[track_caller]
pub const fn by_value(found: Option<Leak>, bare: bool, owner: &'static str, name: &'static str) {
    let Some(leak) = found else { return };
    if bare {
        return;
    }
    let mut text = Text::new();
    text.add_all(&[
        "lifecycle::lints::bad_attribute: a bare `#[teardown]` cannot release `",
        owner,
        "::",
        name,
    ]);
    text.add_all(&["`: a teardown takes `&self`, which does not release a `", leak.ty, "`\nhelp: "]);
    if leak.form.is_empty() {
        text.add(leak.does);
    } else {
        add_form(&mut text, &leak);
        text.add("; then `#[teardown]` ").add(leak.does);
    }
    text.add("\nhelp: or release it in the body of `teardown`");
    panic!("{}", text.as_str())
}

/// Appends "make it a `..`", or how to take the value out of what has no such form.
const fn add_form(text: &mut Text, leak: &Leak) {
    if !leak.path().is_empty() {
        text.add_all(&["make `", leak.path()[0].0, "` a resource and hold a `Managed` of it"]);
    } else if leak.is_in_a_tuple() {
        text.add("give it a field of its own");
    } else {
        let hint = hint(leak);
        let article = if matches!(hint.as_str().as_bytes()[0], b'A' | b'O' | b'[') { "an" } else { "a" };
        text.add_all(&["make it ", article, " `", hint.as_str(), "`"]);
    }
}
