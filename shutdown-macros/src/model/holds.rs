//! `#[derive(Holds)]` on a struct or an enum.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Meta, Path};

use super::{Keys, Known, field::Field, handle, krate, values::Assigned};
use crate::errors::{Errors, Lint};

const ON_THE_ITEM: &[Known] = &[
    Known { name: "allow", form: "allow(unknown_client)" },
    Known { name: "crate", form: "crate = path::to::lifecycle" },
];

const ON_A_FIELD: &[Known] =
    &[Known { name: "skip", form: "skip = \"why nothing in it has to be released\"" }];

pub(crate) struct Holds {
    pub(crate) krate: Path,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// One for a struct, several for an enum.
    pub(crate) variants: Vec<Variant>,
}

/// The path of a pattern, and the fields that the derive looks into.
pub(crate) struct Variant {
    pub(crate) path: TokenStream,
    pub(crate) fields: Vec<Field>,
}

impl Holds {
    /// Returns the model. A field or an attribute with a mistake is left out.
    pub(crate) fn check(item: &DeriveInput, errors: &Errors) -> Self {
        let keys = Keys::read(&arguments(&item.attrs, errors), ON_THE_ITEM, errors);
        let ident = &item.ident;
        let variant = |path, fields: &Fields| Variant { path, fields: checked(ident, fields, errors) };
        let mut variants = match &item.data {
            Data::Struct(data) => vec![variant(quote!(Self), &data.fields)],
            Data::Enum(data) => {
                let variants = data.variants.iter();
                variants
                    .map(|one| {
                        let name = &one.ident;
                        variant(quote!(Self::#name), &one.fields)
                    })
                    .collect()
            }
            Data::Union(data) => {
                let message = "`Holds` cannot look into a union; derive it on a struct or an enum";
                errors.spanned(data.union_token, Lint::BadAttribute, message);
                Vec::new()
            }
        };
        let fields = variants.iter_mut().flat_map(|variant| &mut variant.fields);
        handle::allow(&keys, &item.attrs, fields, errors);
        Self {
            krate: keys.value("crate", errors, Assigned::path).unwrap_or_else(krate::default),
            ident: ident.clone(),
            generics: item.generics.clone(),
            variants,
        }
    }
}

fn checked(owner: &Ident, fields: &Fields, errors: &Errors) -> Vec<Field> {
    let fields = fields.iter().enumerate().filter(|(_, field)| {
        let keys = Keys::read(&arguments(&field.attrs, errors), ON_A_FIELD, errors);
        keys.value("skip", errors, Assigned::text);
        keys.get("skip").is_none()
    });
    fields.map(|(index, field)| Field::check(owner, index, field, errors)).collect()
}

/// Returns the arguments of `#[holds(..)]`.
fn arguments(attrs: &[Attribute], errors: &Errors) -> TokenStream {
    let mut all = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("holds")) {
        match &attr.meta {
            Meta::List(list) if all.is_empty() => all = list.tokens.clone(),
            Meta::List(list) => {
                errors.spanned(list, Lint::BadAttribute, "`#[holds(..)]` occurs twice; remove one");
            }
            other => {
                let message = "write `#[holds(skip = \"..\")]`, in parentheses";
                errors.spanned(other.to_token_stream(), Lint::BadAttribute, message);
            }
        }
    }
    all
}
