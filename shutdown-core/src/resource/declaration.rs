//! What a resource declares, as data that the linked program carries.

use std::{any::TypeId, fmt, panic::Location, time::Duration};

use super::link::Link;
use super::needs::{NeedReason, Needs};

/// Everything that `#[lifecycle::resource(..)]` declares about a type.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// `name = ".."`, or the identifier of the struct.
    pub name: &'static str,
    /// The module of the struct, as `module_path!()` writes it.
    pub module: &'static str,
    /// The location of the attribute.
    pub location: &'static Location<'static>,
    /// `order = ..`
    pub order: Option<i32>,
    /// `timeout = ".."`
    pub timeout: Option<Duration>,
    /// `last`: torn down in the flush.
    pub last: bool,
    /// `ready = ..`: whether probes ask each instance.
    pub ready: bool,
    /// The name of the method in `at_notice = ..`, which runs at the notice.
    pub at_notice: Option<&'static str>,
    /// The type.
    pub type_id: fn() -> TypeId,
    /// The names of the steps of a teardown.
    pub steps: &'static [&'static str],
    /// What the type depends on, unless it is generic.
    pub edges: &'static [Edge],
    /// What a generic type depends on. It is a function, because the constants of a generic type may lead to ever new
    /// types.
    pub collect: fn(&mut Needs),
}

/// The dependencies of one field, or of one type in `depends_on`.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// The types. A field without a handle has none.
    pub to: &'static [Link],
    /// The reason of the dependency.
    pub reason: NeedReason,
}

impl Edge {
    /// Makes the edge of a field.
    #[must_use]
    pub const fn field(label: &'static str, to: &'static [Link]) -> Self {
        let reason = NeedReason::Field(label);
        Self { to, reason }
    }

    /// Makes the edge of the arguments of a start.
    #[must_use]
    pub const fn start(to: &'static [Link]) -> Self {
        Self { to, reason: NeedReason::Start }
    }

    /// Makes the edge of a type in `depends_on`.
    #[must_use]
    pub const fn depends_on(to: &'static [Link]) -> Self {
        let reason = NeedReason::DependsOn;
        Self { to, reason }
    }
}

impl Declaration {
    /// Makes the declaration of a struct without any key.
    #[must_use]
    #[track_caller]
    pub const fn new<T: 'static>(name: &'static str, module: &'static str) -> Self {
        Self {
            name,
            module,
            location: Location::caller(),
            order: None,
            timeout: None,
            last: false,
            ready: false,
            at_notice: None,
            type_id: TypeId::of::<T>,
            steps: &["teardown"],
            edges: &[],
            collect: |_| {},
        }
    }

    /// Sets `order = ..`.
    #[must_use]
    pub const fn order(mut self, order: i32) -> Self {
        self.order = Some(order);
        self
    }

    /// Sets `timeout = ".."`.
    #[must_use]
    pub const fn timeout(mut self, seconds: u64, nanos: u32) -> Self {
        self.timeout = Some(Duration::new(seconds, nanos));
        self
    }

    /// Sets `last`.
    #[must_use]
    pub const fn last(mut self) -> Self {
        self.last = true;
        self
    }

    /// Sets `ready = ..`.
    #[must_use]
    pub const fn ready(mut self) -> Self {
        self.ready = true;
        self
    }

    /// Sets `at_notice = ..`.
    #[must_use]
    pub const fn at_notice(mut self, method: &'static str) -> Self {
        self.at_notice = Some(method);
        self
    }

    /// Sets the steps of a teardown that has more steps than the impl.
    #[must_use]
    pub const fn steps(mut self, steps: &'static [&'static str]) -> Self {
        self.steps = steps;
        self
    }

    /// Sets what the type depends on.
    #[must_use]
    pub const fn edges(mut self, edges: &'static [Edge]) -> Self {
        self.edges = edges;
        self
    }

    /// Sets what a generic type depends on.
    #[must_use]
    pub const fn collect(mut self, collect: fn(&mut Needs)) -> Self {
        self.collect = collect;
        self
    }

    /// The link of a declaration that is never read, for a place that needs a link.
    pub const NOTHING: Link = Link::to(&NOTHING);
}

static NOTHING: Declaration = Declaration::new::<()>("", "");

impl fmt::Display for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        declared_at(f, self.name, self.module, self.location)
    }
}

/// Writes the name of a resource, and where it is declared.
pub(super) fn declared_at(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    module: &str,
    at: &Location<'_>,
) -> fmt::Result {
    write!(f, "{name} ({module}, {}:{})", at.file(), at.line())
}
