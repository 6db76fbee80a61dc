//! The generated crates: many structs with four fields each.

use std::fmt::{self, Write as _};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Annotated,
    ByHand,
}

#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) count: usize,
    chain: bool,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.chain { "in a chain" } else { "side by side" };
        write!(f, "{} {kind}", self.count)
    }
}

/// The common part of every crate: a client that closes, and the resource that the other structs depend on.
pub(crate) const COMMON: &str = "#![allow(dead_code)]

pub struct Error;

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(\"error\")
    }
}

pub struct Client(tokio::sync::Notify);

impl Client {
    pub async fn close(&self) -> Result<(), Error> {
        self.0.notified().await;
        Err(Error)
    }
}
";

/// The code that a user would write once without a framework.
const BY_HAND: &str = "
pub use std::any::TypeId;

/// The chain ends at the handle, else rustc meets its limit of recursion in a chain of a hundred.
pub struct Managed<T>(std::sync::Arc<T>);

unsafe impl<T: Resource> Send for Managed<T> {}
unsafe impl<T: Resource> Sync for Managed<T> {}

pub trait Teardown {
    fn teardown(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

pub struct Need {
    pub id: fn() -> TypeId,
    pub field: &'static str,
}

pub trait Resource: Teardown + Send + Sync + 'static {
    const NAME: &'static str;
    const ORDER: Option<i32>;
    const NEEDS: &'static [Need];
}

pub struct Registered {
    pub name: &'static str,
    pub order: Option<i32>,
    pub needs: &'static [Need],
    pub id: fn() -> TypeId,
}

inventory::collect!(Registered);

impl Registered {
    pub const fn new<T: Resource>() -> Self {
        Self { name: T::NAME, order: T::ORDER, needs: T::NEEDS, id: TypeId::of::<T> }
    }
}
";

impl Shape {
    pub(crate) const fn wide(count: usize) -> Shape {
        Shape { count, chain: false }
    }

    pub(crate) const fn chain(count: usize) -> Shape {
        Shape { count, chain: true }
    }

    /// Returns whether rustc can write debug information. Its stack is too small for the types of 1,000
    /// handles in a chain.
    pub(crate) fn can_be_debugged(self) -> bool {
        !self.chain || self.count <= 500
    }

    pub(crate) fn name(self, style: Style) -> String {
        let shape = if self.chain { "chain" } else { "wide" };
        let style = match style {
            Style::Annotated => "annotated",
            Style::ByHand => "by_hand",
        };
        format!("{shape}_{}_{style}", self.count)
    }

    pub(crate) fn source(self, style: Style) -> String {
        let mut text = COMMON.to_owned();
        match style {
            Style::Annotated => text += "\nuse lifecycle::{Managed, Teardown};\n",
            Style::ByHand => text += BY_HAND,
        }
        for at in 0..=self.count {
            let before = match at {
                0 => None,
                at if self.chain => Some(at - 1),
                _ => Some(0),
            };
            match style {
                Style::Annotated => annotated(&mut text, at, before),
                Style::ByHand => by_hand(&mut text, at, before),
            }
        }
        text
    }
}

/// Writes one struct. Structs with an attribute and structs with an impl alternate, and every fourth has an order.
fn annotated(text: &mut String, at: usize, before: Option<usize>) {
    let order = if at % 4 == 1 { "(order = 1)" } else { "" };
    let needs = before.map_or("Option<u8>".to_owned(), |before| format!("Managed<S{before}>"));
    let own = at % 2 == 1;
    let close = if own { "" } else { "#[teardown(close)] " };
    let mut line = |line: fmt::Arguments<'_>| writeln!(text, "{line}").expect("a string takes all");
    line(format_args!("\n#[lifecycle::resource{order}]\npub struct S{at} {{"));
    line(format_args!("    name: String,\n    port: u64,\n    needs: {needs},"));
    line(format_args!("    {close}client: Client,\n}}"));
    if own {
        line(format_args!("\n#[lifecycle::teardown]\nimpl Teardown for S{at} {{"));
        line(format_args!("    async fn teardown(&self) -> Result<(), Error> {{"));
        line(format_args!("        self.client.close().await\n    }}\n}}"));
    }
}

fn by_hand(text: &mut String, at: usize, before: Option<usize>) {
    let order = if at % 4 == 1 { "Some(1)" } else { "None" };
    let needs = before.map_or("Option<u8>".to_owned(), |before| format!("Managed<S{before}>"));
    let list = before
        .map_or(String::new(), |before| format!("Need {{ id: TypeId::of::<S{before}>, field: \"needs\" }}"));
    let mut line = |line: fmt::Arguments<'_>| writeln!(text, "{line}").expect("a string takes all");
    line(format_args!("\npub struct S{at} {{"));
    line(format_args!("    name: String,\n    port: u64,\n    needs: {needs},"));
    line(format_args!("    client: Client,\n}}"));
    line(format_args!("\nimpl Teardown for S{at} {{"));
    line(format_args!("    async fn teardown(&self) -> Result<(), Error> {{"));
    line(format_args!("        self.client.close().await\n    }}\n}}"));
    line(format_args!("\nimpl Resource for S{at} {{"));
    line(format_args!("    const NAME: &'static str = \"S{at}\";"));
    line(format_args!("    const ORDER: Option<i32> = {order};"));
    line(format_args!("    const NEEDS: &'static [Need] = &[{list}];\n}}"));
    line(format_args!("\ninventory::submit! {{ Registered::new::<S{at}>() }}"));
}
