//! The types in a field that look like a handle of a known client, judged by their names.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Attribute, GenericArgument, Meta, PathArguments, PathSegment, Type};

use super::{
    Keys,
    clients::{CLIENTS, Client},
    field::{Field, names_self},
};
use crate::{
    errors::{Errors, Lint},
    parse::unraw,
    suggest::suggest,
};

/// The lint, as the key `allow` names it.
const NAME: &str = "unknown_client";

/// A type that looks like a handle of a known client.
pub(crate) struct Handle {
    pub(crate) client: &'static Client,
    pub(crate) ty: Type,
    /// The type of the first argument, if it has one.
    pub(crate) argument: Option<Type>,
    /// Where the name of the type stands.
    pub(crate) place: Span,
}

/// The wrappers that are looked into, and the place of the argument that holds the value.
pub(crate) const WRAPPERS: &[(&str, usize)] = &[
    ("Arc", 0),
    ("ArcSwap", 0),
    ("ArcSwapOption", 0),
    ("BTreeMap", 1),
    ("Box", 0),
    ("FairMutex", 0),
    ("HashMap", 1),
    ("Lazy", 0),
    ("LazyLock", 0),
    ("Mutex", 0),
    ("OnceCell", 0),
    ("OnceLock", 0),
    ("Option", 0),
    ("Pin", 0),
    ("ReentrantMutex", 0),
    ("Result", 0),
    ("RwLock", 0),
    ("Slot", 0),
    ("Vec", 0),
    ("VecDeque", 0),
];

impl Handle {
    /// Lists the handles in the type of a field, also those in wrappers.
    pub(crate) fn all(ty: &Type, owner: &Ident) -> Vec<Self> {
        let mut found = Vec::new();
        look(ty, &mut found);
        found.retain(|handle| !names_self(&handle.ty, owner));
        found
    }

    /// Returns the type as the user wrote it.
    pub(crate) fn written(&self) -> String {
        let mut text = self.ty.to_token_stream().to_string();
        for spaced in ["& ", " :: ", ":: ", " < ", " <", "< ", " >", " ,"] {
            text = text.replace(spaced, spaced.trim());
        }
        text
    }
}

fn look(ty: &Type, found: &mut Vec<Handle>) {
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| look(ty, found)),
        Type::Paren(paren) => look(&paren.elem, found),
        Type::Group(group) => look(&group.elem, found),
        Type::Reference(reference) => look(&reference.elem, found),
        Type::Array(array) => look(&array.elem, found),
        Type::Slice(slice) => look(&slice.elem, found),
        Type::Path(path) if path.qself.is_none() => {
            let segments: Vec<_> = path.path.segments.iter().collect();
            let Some((last, before)) = segments.split_last() else { return };
            if let Some(client) = CLIENTS.iter().find(|client| client.has(&last.ident, before)) {
                let (ty, place) = (ty.clone(), last.ident.span());
                found.push(Handle { client, ty, argument: argument(last, 0).cloned(), place });
            }
            if let Some((_, place)) = WRAPPERS.iter().find(|(name, _)| last.ident == name)
                && let Some(inner) = argument(last, *place)
            {
                look(inner, found);
            }
        }
        _ => {}
    }
}

/// Returns an argument of a generic type. A lifetime has no place.
fn argument(segment: &PathSegment, place: usize) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.nth(place)
}

impl Client {
    /// Returns whether a path names a handle of this client. A path that names another crate does not.
    fn has(&self, name: &Ident, before: &[&PathSegment]) -> bool {
        let is = |names: &[&str], ident: &Ident| names.iter().any(|name| ident == name);
        let is_own = is(self.own, name);
        // A program with two versions of a crate names one of them as its feature.
        let is_feature = |ident: &Ident| {
            self.features.iter().any(|(feature, _)| ident == feature || *ident == feature.replace('-', "_"))
        };
        let crate_is_named =
            before.iter().any(|segment| is(self.crates, &segment.ident) || is_feature(&segment.ident));
        match before {
            [] => is_own,
            [.., last] if is(self.others, &last.ident) => false,
            _ if crate_is_named => is_own || is(self.common, name),
            [first, ..] => is_own && is(self.modules, &first.ident),
        }
    }
}

/// Returns whether the user allows the warning by the name that rustc gives it.
pub(crate) fn is_allowed(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("allow") => {
            list.tokens.clone().into_iter().any(|token| token.to_string() == "deprecated")
        }
        _ => false,
    })
}

/// Reads the key `allow` of an item. If the item allows the warning, no field without an attribute is asked.
pub(crate) fn allow<'a>(
    keys: &Keys,
    attributes: &[Attribute],
    fields: impl Iterator<Item = &'a mut Field>,
    errors: &Errors,
) {
    let wrong = "`allow` takes the name of a warning; write `allow(unknown_client)`";
    let names = keys.list::<Ident>("allow", wrong, errors).unwrap_or_default();
    for name in names.iter().filter(|name| *name != NAME) {
        let message = format!("`{name}` is not a warning{}", suggest(&unraw(name), &[NAME]));
        errors.spanned(name, Lint::BadAttribute, message);
    }
    if names.iter().any(|name| name == NAME) || is_allowed(attributes) {
        fields.filter(|field| field.step.is_none()).for_each(|field| field.handles.clear());
    }
}
