//! `#[lifecycle::resource(..)]` on a struct.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Data, DeriveInput, GenericParam, Generics, Meta, Path, Type};

use super::{Keys, Known, field::Field, handle, krate, step::Step, values::Assigned};
use crate::{
    errors::{Errors, Lint},
    parse::unraw,
};

const KNOWN: &[Known] = &[
    Known { name: "order", form: "order = 2" },
    Known { name: "depends_on", form: "depends_on(Database)" },
    Known { name: "timeout", form: "timeout = \"5s\"" },
    Known { name: "name", form: "name = \"orders-db\"" },
    Known { name: "last", form: "last" },
    Known { name: "ready", form: "ready = ping" },
    Known { name: "provided", form: "provided" },
    Known { name: "at_notice", form: "at_notice = deregister" },
    Known { name: "no_teardown", form: "no_teardown = \"why there is nothing to release\"" },
    Known { name: "allow", form: "allow(unknown_client)" },
    Known { name: "crate", form: "crate = path::to::lifecycle" },
];

pub(crate) struct Resource {
    pub(crate) krate: Path,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) name: String,
    pub(crate) order: Option<i32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) last: bool,
    /// The method that probes ask.
    pub(crate) ready: Option<Ident>,
    /// Whether the program makes the value itself, and not an `impl Start`.
    pub(crate) provided: bool,
    /// The method that runs at the notice.
    pub(crate) at_notice: Option<Ident>,
    pub(crate) depends_on: Vec<Type>,
    pub(crate) fields: Vec<Field>,
    pub(crate) release: Release,
}

/// What says how the resource is released.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// Only an `impl Teardown`.
    Impl,
    /// The `#[teardown]` of its fields, and an `impl Teardown` if it has one.
    Fields,
    /// Nothing: the attribute has `no_teardown`.
    Nothing,
}

impl Resource {
    /// Returns the model, if every rule holds.
    pub(crate) fn check(args: &TokenStream, item: &DeriveInput, errors: &Errors) -> Option<Self> {
        let keys = Keys::read(args, KNOWN, errors);
        let mut fields = fields(item, errors);
        handle::allow(&keys, &item.attrs, fields.iter_mut(), errors);
        lifetimes(&item.generics, errors);
        let release = match no_teardown(&keys, &fields, errors) {
            true => Release::Nothing,
            false if fields.iter().all(|field| field.step.is_none()) => Release::Impl,
            false => Release::Fields,
        };
        let model = Self {
            krate: keys.value("crate", errors, Assigned::path).unwrap_or_else(krate::default),
            ident: item.ident.clone(),
            generics: item.generics.clone(),
            name: keys.value("name", errors, Assigned::text).unwrap_or_else(|| unraw(&item.ident)),
            order: keys.value("order", errors, Assigned::order),
            timeout: keys.value("timeout", errors, Assigned::some_time).map(|timeout| timeout.value),
            last: keys.flag("last", errors),
            ready: keys.value("ready", errors, Assigned::method),
            provided: keys.flag("provided", errors),
            at_notice: keys.value("at_notice", errors, Assigned::method),
            depends_on: depends_on(&keys, &item.ident, errors),
            release,
            fields,
        };
        (!errors.any()).then_some(model)
    }
}

fn fields(item: &DeriveInput, errors: &Errors) -> Vec<Field> {
    let (word, kind) = match &item.data {
        Data::Struct(data) => {
            let fields = data.fields.iter().enumerate();
            return fields.map(|(index, field)| Field::check(&item.ident, index, field, errors)).collect();
        }
        Data::Enum(data) => (data.enum_token.to_token_stream(), "an enum"),
        Data::Union(data) => (data.union_token.to_token_stream(), "a union"),
    };
    let message = format!("{kind} cannot be a resource; put it into a field of a struct");
    errors.spanned(word, Lint::BadAttribute, message);
    Vec::new()
}

fn lifetimes(generics: &Generics, errors: &Errors) {
    for param in &generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            let message = format!(
                "a resource lives until the stop, so it cannot borrow for `{}`; own the value, or share it in an `Arc`",
                lifetime.lifetime
            );
            errors.spanned(&lifetime.lifetime, Lint::BadAttribute, message);
        }
    }
}

fn no_teardown(keys: &Keys, fields: &[Field], errors: &Errors) -> bool {
    let Some(key) = keys.get("no_teardown") else {
        return false;
    };
    keys.value("no_teardown", errors, Assigned::text);
    let released = fields.iter().find(|field| field.step.as_ref().is_some_and(Step::releases));
    if let Some(released) = released {
        let message = format!(
            "`no_teardown` says that nothing has to be released, but `{}` has `#[teardown]`; remove one of them",
            released.label
        );
        errors.spanned(&key.name, Lint::BadAttribute, message);
    }
    true
}

fn depends_on(keys: &Keys, owner: &Ident, errors: &Errors) -> Vec<Type> {
    let wrong = "`depends_on` takes types; write `depends_on(Database)`";
    let list = keys.list::<Type>("depends_on", wrong, errors).unwrap_or_default();
    let mut seen = Vec::new();
    for ty in &list {
        let text = ty.to_token_stream().to_string();
        if text == "Self" || *owner == text {
            let message =
                "a resource cannot depend on itself; to order two instances, write `a.depends_on(&b)`";
            errors.spanned(ty, Lint::BadAttribute, message);
        } else if seen.contains(&text) {
            errors.spanned(ty, Lint::BadAttribute, format!("`{text}` occurs twice; remove one"));
        }
        seen.push(text);
    }
    list
}

/// Returns the arguments that the attribute has passed on.
pub(crate) fn arguments(item: &DeriveInput) -> TokenStream {
    let mut found = item.attrs.iter().filter(|attr| attr.path().is_ident("__lifecycle_resource"));
    match found.next().map(|attr| &attr.meta) {
        Some(Meta::List(list)) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}
