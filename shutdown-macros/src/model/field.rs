//! A field: its step in the teardown, and whether its type may hold a handle.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Index, Member, PathArguments, Type};

use super::step::Step;
use crate::{
    errors::{Errors, Lint},
    parse::unraw,
};

pub(crate) struct Field {
    pub(crate) member: Member,
    /// The name of the field, or its index.
    pub(crate) label: String,
    pub(crate) ty: Type,
    pub(crate) step: Option<Step>,
    /// Whether the type, by its name, could be or contain a handle.
    pub(crate) may_hold: bool,
    /// Whether the type names the struct itself.
    pub(crate) names_self: bool,
}

impl Field {
    pub(crate) fn check(owner: &Ident, index: usize, field: &syn::Field, errors: &Errors) -> Self {
        let (member, label) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), unraw(ident)),
            None => (Member::Unnamed(Index::from(index)), index.to_string()),
        };
        let mut attributes = field.attrs.iter().filter(|attr| attr.path().is_ident("__lifecycle_teardown"));
        let step = attributes.next().and_then(|attribute| Step::check(attribute, &member, &label, errors));
        for extra in attributes {
            errors.spanned(
                &extra.meta,
                Lint::BadAttribute,
                format!(
                    "`{label}` has two `#[teardown]`; what takes several steps goes into an `impl Teardown`"
                ),
            );
        }
        let ty = field.ty.clone();
        let names_self = names(&ty.to_token_stream(), owner);
        let may_hold = !is_plain(&ty);
        Self { member, label, ty, step, may_hold, names_self }
    }
}

/// Whether the tokens name the struct, by its name or as `Self`.
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

/// Plain by name, so that nothing has to be asked of the compiler: most fields are.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Array(array) => is_plain(&array.elem),
        Type::Slice(slice) => is_plain(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(is_plain),
        Type::Paren(paren) => is_plain(&paren.elem),
        Type::Group(group) => is_plain(&group.elem),
        Type::Reference(reference) => is_plain(&reference.elem),
        Type::FnPtr(_) | Type::Never(_) | Type::Ptr(_) => true,
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else {
                return false;
            };
            let name = last.ident.to_string();
            if PLAIN.contains(&name.as_str()) {
                return true;
            }
            PLAIN_IF_INSIDE_IS.contains(&name.as_str())
                && match &last.arguments {
                    PathArguments::AngleBracketed(arguments) => {
                        arguments.args.iter().all(|argument| match argument {
                            GenericArgument::Type(ty) => is_plain(ty),
                            _ => true,
                        })
                    }
                    PathArguments::None | PathArguments::Parenthesized(_) => false,
                }
        }
        _ => false,
    }
}
