//! The lint `unreleased_field`: what is known of a field's type, and the message, built while the user's crate is
//! compiled.
//!
//! The generated code says `Leaks::<Field>::__LIFECYCLE_FOUND`. An inherent constant comes before one of a trait, so
//! it is that of [`Leaks`] if the type needs release, else that of [`Otherwise`]. This is decided by the type, however
//! it is called where it is written. The same goes for [`Released`] and [`Touches`]. The names are ours alone, since a
//! user's trait for every type could have a constant of the same name.

use std::marker::PhantomData;

use crate::release::Release;
use crate::resource::Teardown;

/// What is lost if a value is not released, and how it is.
#[derive(Clone, Copy, Debug)]
pub struct Leak {
    /// The type, by its full path.
    pub ty: &'static str,
    /// What is lost: a clause that begins in lower case.
    pub lost: &'static str,
    /// What releases it: a clause in the third person.
    pub does: &'static str,
    /// The type that a field has to have for a bare `#[teardown]`; empty if there is none.
    pub form: &'static str,
    /// Of a `form` that is no lock: the lock in which it is released too; empty if there is none.
    locked: &'static str,
    /// The fields of plain structs in which it was found, from the outermost.
    path: [(&'static str, &'static str); DEPTH],
    depth: usize,
    /// What it is in, from the outermost.
    around: [Around; DEPTH],
    layers: usize,
}

/// So many plain structs inside each other are told; of more, the outermost. So many layers around a value are, too.
const DEPTH: usize = 4;

/// What a value is in, and what becomes of it where the value goes into a [`Slot`](crate::Slot).
#[derive(Clone, Copy, Debug)]
pub enum Around {
    /// It stays: what is written before the value and behind it.
    Stays(&'static str, &'static str),
    /// The same; and there is a bare `#[teardown]` for it in a `Mutex`.
    Several(&'static str, &'static str),
    /// It makes way, since the `Slot` is a lock itself.
    Lock,
    /// It makes way, since it is of no use any more.
    Nothing,
}

impl Leak {
    /// Of a type.
    pub const fn new(ty: &'static str, lost: &'static str, does: &'static str, form: &'static str) -> Self {
        Self {
            ty,
            lost,
            does,
            form,
            locked: "",
            path: [("", ""); DEPTH],
            depth: 0,
            around: [Around::Nothing; DEPTH],
            layers: 0,
        }
    }

    /// Of a type that is released in this kind of lock as well.
    #[must_use]
    pub const fn locked(self, locked: &'static str) -> Self {
        Self { locked, ..self }
    }

    /// The first of what the fields of a plain struct need.
    pub const fn first(owner: &'static str, fields: &[(Option<Self>, &'static str)]) -> Option<Self> {
        let mut at = 0;
        while at < fields.len() {
            if let (Some(leak), field) = fields[at] {
                return Some(leak.inside(owner, field));
            }
            at += 1;
        }
        None
    }

    /// The same, in something that holds a value.
    pub const fn around(found: Option<Self>, around: Around) -> Option<Self> {
        let Some(mut leak) = found else { return None };
        let mut at = DEPTH - 1;
        while at > 0 {
            leak.around[at] = leak.around[at - 1];
            at -= 1;
        }
        leak.around[0] = around;
        leak.layers += 1;
        Some(leak)
    }

    /// The same, in a field of a plain struct.
    const fn inside(mut self, owner: &'static str, field: &'static str) -> Self {
        let mut at = DEPTH - 1;
        while at > 0 {
            self.path[at] = self.path[at - 1];
            at -= 1;
        }
        self.path[0] = (owner, field);
        if self.depth < DEPTH {
            self.depth += 1;
        }
        self
    }
}

/// A type whose values must not just be dropped, or forgotten.
pub trait NeedsRelease {
    /// What is lost, if anything is.
    const LEAK: Option<Leak>;
}

/// Asks whether a type needs release.
#[derive(Debug)]
pub struct Leaks<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: NeedsRelease + ?Sized> Leaks<T> {
    /// What is lost.
    pub const __LIFECYCLE_FOUND: Option<Leak> = T::LEAK;
}

/// Asks whether a bare `#[teardown]` releases a type.
#[derive(Debug)]
pub struct Released<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: Release> Released<T> {
    /// It does.
    pub const __LIFECYCLE_BARE: bool = true;
}

/// Asks what the `teardown` of a resource touches.
#[derive(Debug)]
pub struct Touches<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: Teardown> Touches<T> {
    /// What its impl says.
    pub const __LIFECYCLE_FIELDS: Touched = T::__LIFECYCLE_TOUCHED;
}

/// The answers where the types give none.
pub trait Otherwise {
    /// Nothing is lost.
    const __LIFECYCLE_FOUND: Option<Leak> = None;
    /// It does not.
    const __LIFECYCLE_BARE: bool = false;
    /// There is no impl.
    const __LIFECYCLE_FIELDS: Touched = Touched::NoImpl;
}

impl<T: ?Sized> Otherwise for Leaks<T> {}
impl<T: ?Sized> Otherwise for Released<T> {}
impl<T: ?Sized> Otherwise for Touches<T> {}

/// The fields that the body of `teardown` names.
#[derive(Clone, Copy, Debug)]
pub enum Touched {
    /// There is no impl.
    NoImpl,
    /// Every one, or nobody can tell: `self` as a whole is handed on, or the impl was written without the attribute.
    Any,
    /// These.
    Only(&'static [&'static str]),
}

impl Touched {
    const fn has(self, field: &str) -> bool {
        match self {
            Self::NoImpl => false,
            Self::Any => true,
            Self::Only(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    if same(fields[at], field) {
                        return true;
                    }
                    at += 1;
                }
                false
            }
        }
    }
}

const fn same(a: &str, b: &str) -> bool {
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

/// A field of a resource as the generated code sees it.
#[derive(Debug)]
pub struct Field {
    /// The struct.
    pub owner: &'static str,
    /// The field.
    pub name: &'static str,
    /// Whether an impl is required, so that its absence is an error already.
    pub own_required: bool,
    /// Whether `no_teardown` was said.
    pub no_teardown: bool,
}

/// Refuses a field that nothing releases; the place is that of the call.
///
/// # Panics
///
/// While the user's crate is compiled: that is the error.
#[track_caller]
pub const fn unreleased(found: Option<Leak>, touched: Touched, bare: bool, field: &Field) {
    let Some(leak) = found else { return };
    let missing = field.own_required && matches!(touched, Touched::NoImpl);
    if missing || touched.has(field.name) {
        return;
    }
    panic!("{}", message(&leak, touched, bare, field).as_str())
}

const fn message(leak: &Leak, touched: Touched, bare: bool, field: &Field) -> Text {
    let text = Text::new()
        .add("lifecycle::lints::unreleased_field: nothing releases the `")
        .add(leak.ty)
        .add("` in `")
        .add(field.owner)
        .add("::")
        .add(field.name)
        .add("`");
    let mut text = text;
    let mut at = 0;
    while at < leak.depth {
        let (owner, inner) = leak.path[at];
        text = text.add(", there in `").add(owner).add("::").add(inner).add("`");
        at += 1;
    }
    text = text.add("\nlost: ").add(leak.lost).add("\nhelp: ");
    text = if leak.depth > 0 {
        text.add("make `")
            .add(leak.path[0].0)
            .add("` a resource and hold a `Managed` of it, or release it in the body of `teardown`")
    } else if bare {
        text.add("write `#[teardown]` on the field, which ").add(leak.does)
    } else if leak.form.is_empty() {
        text.add(leak.does)
    } else {
        let shape = shape(leak);
        let article = if matches!(shape.bytes[0], b'A' | b'O' | b'[') { "an" } else { "a" };
        text.add("make it ")
            .add(article)
            .add(" `")
            .add(shape.as_str())
            .add("` and write `#[teardown]` on it, which ")
            .add(leak.does)
    };
    if field.no_teardown {
        text = text.add(", and remove `no_teardown`");
    }
    // Of a plain struct that has been said.
    if matches!(touched, Touched::Only(_)) && leak.depth == 0 {
        text = text.add("\nhelp: or release it in the body of `teardown`, which does not name it");
    }
    text.add("\nhelp: or say why nothing is to be done: `#[teardown(skip = \"..\")]`")
        .add("\nnote: what is known, and why: the docs of `lifecycle::lints::unreleased_field`")
}

/// The type that the field has to have, with what may stay around the value.
const fn shape(leak: &Leak) -> Text {
    if leak.layers > DEPTH {
        return Text::new().add(leak.form);
    }
    // A lock that releases several of them, and what each is.
    let lock = match inside(leak.form) {
        Some(inside) => Some(("std::sync::Mutex", inside)),
        None if leak.locked.is_empty() => None,
        None => Some((leak.locked, leak.form)),
    };
    let (mut text, mut at) = (Text::new(), 0);
    while at < leak.layers {
        match leak.around[at] {
            Around::Stays(before, _) | Around::Several(before, _) => text = text.add(before),
            // In a lock that knows how, they stay, so that there can still be more of them.
            Around::Lock if at + 2 == leak.layers => {
                if let (Around::Several(before, behind), Some((lock, inside))) = (leak.around[at + 1], lock) {
                    text = text.add(lock).add("<").add(before).add(inside).add(behind).add(">");
                    return close(text, leak, at);
                }
            }
            Around::Lock if at + 1 == leak.layers && !leak.locked.is_empty() => {
                text = text.add(leak.locked).add("<").add(leak.form).add(">");
                return close(text, leak, at);
            }
            Around::Lock | Around::Nothing => {}
        }
        at += 1;
    }
    close(text.add(leak.form), leak, leak.layers)
}

/// What is written behind the value, by the outermost layers.
const fn close(mut text: Text, leak: &Leak, layers: usize) -> Text {
    let mut at = layers;
    while at > 0 {
        at -= 1;
        if let Around::Stays(_, behind) | Around::Several(_, behind) = leak.around[at] {
            text = text.add(behind);
        }
    }
    text
}

/// What is in a `Slot` or a `Mutex`, as a type is written.
const fn inside(form: &'static str) -> Option<&'static str> {
    let begins = ["lifecycle::Slot<", "std::sync::Mutex<", "tokio::sync::Mutex<"];
    let mut at = 0;
    while at < begins.len() {
        let length = begins[at].len();
        if form.len() > length + 1 && same(form.split_at(length).0, begins[at]) {
            let behind = form.split_at(length).1;
            return Some(behind.split_at(behind.len() - 1).0);
        }
        at += 1;
    }
    None
}

/// Text that grows in a constant; what does not fit is left out.
struct Text {
    bytes: [u8; LENGTH],
    length: usize,
}

const LENGTH: usize = 2048;

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; LENGTH], length: 0 }
    }

    const fn add(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        // Whole or not at all: half a character would be no text.
        if text.len() <= LENGTH - self.length {
            let mut at = 0;
            while at < text.len() {
                self.bytes[self.length] = text[at];
                self.length += 1;
                at += 1;
            }
        }
        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "lifecycle::lints::unreleased_field",
        }
    }
}
