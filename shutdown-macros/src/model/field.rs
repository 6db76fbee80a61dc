//! A field of a resource: its step in the teardown, and what its type may hold.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, GenericParam, Generics, Index, Member, PathArguments, Type};

use super::{
    handle::{self, Handle},
    step::Step,
};
use crate::{
    errors::{Errors, Lint},
    parse::unraw,
};

pub(crate) struct Field {
    pub(crate) member: Member,
    /// The name of the field, or its index in a tuple struct.
    pub(crate) label: String,
    pub(crate) ty: Type,
    pub(crate) step: Option<Step>,
    /// Whether the type may be or contain a handle, judged by its name.
    pub(crate) may_hold: bool,
    /// Whether the type may need release, judged by its name.
    pub(crate) may_leak: bool,
    /// Whether the type names the struct itself.
    pub(crate) names_self: bool,
    /// What looks like a handle of a known client, and is not released by a call or allowed by name.
    pub(crate) handles: Vec<Handle>,
}

impl Field {
    pub(crate) fn check(owner: &Ident, index: usize, field: &syn::Field, errors: &Errors) -> Self {
        let (member, label) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), unraw(ident)),
            None => (Member::Unnamed(Index::from(index)), index.to_string()),
        };
        let mut attributes = field.attrs.iter().filter(|attr| attr.path().is_ident("__lifecycle_teardown"));
        let step =
            attributes.next().and_then(|attribute| Step::check(attribute, owner, &member, &label, errors));
        for extra in attributes {
            errors.spanned(
                &extra.meta,
                Lint::BadAttribute,
                format!(
                    "`{label}` has two `#[teardown]`; write an `impl Teardown` for a release in several steps"
                ),
            );
        }
        let ty = field.ty.clone();
        let names_self = names_self(&ty, owner);
        let may_hold = !is_plain(&ty, &[]);
        let may_leak = may_hold && !is_plain(&ty, RELEASED);
        let is_asked = match step {
            None => may_leak && !handle::is_allowed(&field.attrs),
            Some(Step::Known) => true,
            Some(Step::Call { .. } | Step::Taken { .. } | Step::Skip) => false,
        };
        let handles = if is_asked { Handle::all(&ty, owner) } else { Vec::new() };
        Self { member, label, ty, step, may_hold, may_leak, names_self, handles }
    }
}

/// Returns whether the type names the struct, by its name or as `Self`.
pub(crate) fn names_self(ty: &Type, owner: &Ident) -> bool {
    names(&ty.to_token_stream(), owner)
}

/// Returns whether the type of a field of a generic struct names the struct or one of its parameters.
pub(crate) fn names_one_of(ty: &Type, owner: &Ident, generics: &Generics) -> bool {
    let mut params = generics.params.iter();
    let named = params.any(|param| match param {
        GenericParam::Type(param) => names_self(ty, &param.ident),
        GenericParam::Const(param) => names_self(ty, &param.ident),
        GenericParam::Lifetime(_) => false,
    });
    named || (!generics.params.is_empty() && names_self(ty, owner))
}

fn names(tokens: &TokenStream, owner: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *owner || ident == "Self",
        TokenTree::Group(group) => names(&group.stream(), owner),
        _ => false,
    })
}

const PLAIN: &[&str] = &[
    "AtomicBool",
    "AtomicI32",
    "AtomicI64",
    "AtomicIsize",
    "AtomicU32",
    "AtomicU64",
    "AtomicUsize",
    "Duration",
    "Instant",
    "IpAddr",
    "Ipv4Addr",
    "Ipv6Addr",
    "OsString",
    "PathBuf",
    "PhantomData",
    "SocketAddr",
    "String",
    "SystemTime",
    "bool",
    "char",
    "f32",
    "f64",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "str",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

const PLAIN_IF_INSIDE_IS: &[&str] = &[
    "Arc", "BTreeMap", "BTreeSet", "Box", "HashMap", "HashSet", "Mutex", "OnceLock", "Option", "RwLock",
    "Vec", "VecDeque",
];

/// Types that hold handles and need no release: the value behind a handle is a resource itself.
const RELEASED: &[&str] = &["Managed"];

/// Returns whether a type is plain by its name. Most fields are, and for them no code is generated.
fn is_plain(ty: &Type, also: &[&str]) -> bool {
    match ty {
        Type::Array(array) => is_plain(&array.elem, also),
        Type::Slice(slice) => is_plain(&slice.elem, also),
        Type::Tuple(tuple) => tuple.elems.iter().all(|ty| is_plain(ty, also)),
        Type::Paren(paren) => is_plain(&paren.elem, also),
        Type::Group(group) => is_plain(&group.elem, also),
        Type::Reference(reference) => is_plain(&reference.elem, also),
        Type::FnPtr(_) | Type::Never(_) | Type::Ptr(_) => true,
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else {
                return false;
            };
            let name = last.ident.to_string();
            if PLAIN.contains(&name.as_str()) || also.contains(&name.as_str()) {
                return true;
            }
            PLAIN_IF_INSIDE_IS.contains(&name.as_str())
                && match &last.arguments {
                    PathArguments::AngleBracketed(arguments) => {
                        arguments.args.iter().all(|argument| match argument {
                            GenericArgument::Type(ty) => is_plain(ty, also),
                            _ => true,
                        })
                    }
                    PathArguments::None | PathArguments::Parenthesized(_) => false,
                }
        }
        _ => false,
    }
}
