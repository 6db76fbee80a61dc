//! `#[lifecycle::resource(..)]` on a struct.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, GenericParam, Generics, Meta, Path, Type};

use super::{Keys, Known, field::Field, krate, step::Step, values::Assigned};
use crate::{
    errors::{Errors, Lint},
    parse::unraw,
    suggest::suggest,
};

const KNOWN: &[Known] = &[
    Known { name: "order", form: "order = 2" },
    Known { name: "depends_on", form: "depends_on(Database)" },
    Known { name: "timeout", form: "timeout = \"5s\"" },
    Known { name: "name", form: "name = \"orders-db\"" },
    Known { name: "last", form: "last" },
    Known { name: "no_teardown", form: "no_teardown = \"why there is nothing to release\"" },
    Known { name: "allow", form: "allow(implied_dependency)" },
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
    pub(crate) depends_on: Vec<Type>,
    pub(crate) fields: Vec<Field>,
    /// Whether nothing but an `impl Teardown` can say how it is released.
    pub(crate) own_required: bool,
    /// Whether it was said that there is nothing to release.
    pub(crate) no_teardown: bool,
    /// What the struct says about all warnings of that kind.
    pub(crate) allowed: Vec<Attribute>,
    /// Which warnings of ours the attribute allows.
    pub(crate) allow: Allow,
}

/// The warnings that can be allowed by name.
#[derive(Default)]
pub(crate) struct Allow {
    pub(crate) implied_dependency: bool,
    pub(crate) duplicate_dependency: bool,
}

impl Resource {
    /// The model, if no rule was broken.
    pub(crate) fn check(args: &TokenStream, item: &DeriveInput, errors: &Errors) -> Option<Self> {
        let keys = Keys::read(args, KNOWN, errors);
        let fields = fields(item, errors);
        lifetimes(&item.generics, errors);
        let no_teardown = no_teardown(&keys, &fields, errors);
        let model = Self {
            krate: keys.value("crate", errors, Assigned::path).unwrap_or_else(krate::default),
            ident: item.ident.clone(),
            generics: item.generics.clone(),
            name: keys.value("name", errors, Assigned::text).unwrap_or_else(|| unraw(&item.ident)),
            order: keys.value("order", errors, Assigned::order),
            timeout: keys.value("timeout", errors, Assigned::some_time).map(|timeout| timeout.value),
            last: keys.flag("last", errors),
            depends_on: depends_on(&keys, &item.ident, errors),
            own_required: !no_teardown && fields.iter().all(|field| field.step.is_none()),
            no_teardown,
            allowed: allowed(&item.attrs),
            allow: allow(&keys, errors),
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
    let message = format!("{kind} cannot be a resource; put it in a field of a struct");
    errors.spanned(word, Lint::BadAttribute, message);
    Vec::new()
}

fn lifetimes(generics: &Generics, errors: &Errors) {
    for param in &generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            let message = format!(
                "a resource lives until the stop and cannot borrow; own the value or share it by `Arc` instead of \
                 `{}`",
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
    let released = fields.iter().find(|field| matches!(field.step, Some(Step::Known | Step::Call { .. })));
    if let Some(released) = released {
        let message = format!(
            "`no_teardown` says that nothing is to be released, and `#[teardown]` on `{}` says how; remove one",
            released.label
        );
        errors.spanned(&key.name, Lint::BadAttribute, message);
    }
    true
}

/// `#[allow(deprecated)]`, which a derive has to repeat on what it adds.
fn allowed(attrs: &[Attribute]) -> Vec<Attribute> {
    let allowed = attrs.iter().filter(|attr| {
        let tokens = || attr.meta.to_token_stream().into_iter();
        let mut lints = tokens().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        });
        attr.path().is_ident("allow")
            && lints.any(|lints| lints.to_string().split(',').any(|lint| lint.trim() == "deprecated"))
    });
    allowed.cloned().collect()
}

fn allow(keys: &Keys, errors: &Errors) -> Allow {
    const WARNINGS: &[&str] = &["implied_dependency", "duplicate_dependency"];
    let mut allow = Allow::default();
    if keys.get("allow").is_none() {
        return allow;
    }
    let wrong = "`allow` takes the names of warnings, like `allow(implied_dependency)`";
    for name in keys.list::<Ident>("allow", wrong, errors).unwrap_or_default() {
        let text = name.to_string();
        let allowed = match text.as_str() {
            "implied_dependency" => &mut allow.implied_dependency,
            "duplicate_dependency" => &mut allow.duplicate_dependency,
            _ => {
                let message = format!("unknown warning `{text}`{}", suggest(&text, WARNINGS));
                errors.spanned(&name, Lint::BadAttribute, message);
                continue;
            }
        };
        if std::mem::replace(allowed, true) {
            errors.spanned(&name, Lint::BadAttribute, format!("`{text}` is given twice; remove one"));
        }
    }
    allow
}

fn depends_on(keys: &Keys, owner: &Ident, errors: &Errors) -> Vec<Type> {
    let wrong = "`depends_on` takes types, like `depends_on(Database)`";
    let list = keys.list::<Type>("depends_on", wrong, errors).unwrap_or_default();
    let mut seen = Vec::new();
    for ty in &list {
        let text = ty.to_token_stream().to_string();
        if text == "Self" || *owner == text {
            let message =
                "a resource cannot depend on itself; between two instances write `a.depends_on(&b)`";
            errors.spanned(ty, Lint::BadAttribute, message);
        } else if seen.contains(&text) {
            errors.spanned(ty, Lint::BadAttribute, format!("`{text}` is given twice; remove one"));
        }
        seen.push(text);
    }
    list
}

/// The arguments as the attribute handed them on.
pub(crate) fn arguments(item: &DeriveInput) -> TokenStream {
    let mut found = item.attrs.iter().filter(|attr| attr.path().is_ident("__lifecycle_resource"));
    match found.next().map(|attr| &attr.meta) {
        Some(Meta::List(list)) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}
