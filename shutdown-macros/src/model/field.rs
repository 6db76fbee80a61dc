//! A field: its step in the teardown, and whether its type may hold a handle.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, GenericArgument, Index, Member, Meta, PathArguments, Type};

use super::first_span;
use crate::{
    errors::{Errors, Lint},
    parse::{self, unraw},
    suggest::suggest,
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

/// How a field is released.
pub(crate) enum Step {
    /// By the one right way of its type; the span is the attribute's.
    Known(Span),
    /// By an expression over `this`.
    Call {
        value: TokenStream,
        blocking: bool,
        guarded: bool,
    },
    /// Not at all, and the user has said why.
    Skip,
}

impl Field {
    pub(crate) fn check(owner: &Ident, index: usize, field: &syn::Field, errors: &Errors) -> Self {
        let (member, label) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), unraw(ident)),
            None => (Member::Unnamed(Index::from(index)), index.to_string()),
        };
        let mut attributes = field
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("__lifecycle_teardown"));
        let step = attributes
            .next()
            .and_then(|attribute| step(attribute, &member, &label, errors));
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
        Self {
            member,
            label,
            ty,
            step,
            may_hold,
            names_self,
        }
    }
}

/// `this` as our own name: no token of the user's can mean it by accident.
pub(crate) fn this(span: Span) -> Ident {
    Ident::new("this", Span::mixed_site().located_at(span))
}

fn step(attribute: &Attribute, member: &Member, label: &str, errors: &Errors) -> Option<Step> {
    let span = attribute
        .path()
        .segments
        .first()
        .map_or_else(Span::call_site, |segment| segment.ident.span());
    let refuse = |tokens: TokenStream, message: String| {
        errors.spanned(tokens, Lint::BadAttribute, message);
        None
    };
    let tokens = match &attribute.meta {
        Meta::Path(_) => return Some(Step::Known(span)),
        Meta::List(list) if list.tokens.is_empty() => return Some(Step::Known(span)),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => {
            return refuse(
                pair.value.to_token_stream(),
                "write `#[teardown(close)]`, in parentheses".to_owned(),
            );
        }
    };
    let mut pieces = parse::pieces(tokens.clone()).into_iter();
    let call = pieces.next().unwrap_or_default();
    let mut blocking = false;
    for option in pieces {
        let all: TokenStream = option.iter().cloned().collect();
        match &option[..] {
            [TokenTree::Ident(word)] if word == "blocking" && !blocking => blocking = true,
            [TokenTree::Ident(word)] if word == "blocking" => {
                return refuse(all, "`blocking` is given twice; remove one".to_owned());
            }
            [TokenTree::Ident(word), ..] => {
                let suggestion = suggest(&unraw(word), &["blocking"]);
                return refuse(
                    word.to_token_stream(),
                    format!("unknown option `{word}`{suggestion}"),
                );
            }
            [] => return refuse(tokens, "a comma too many; remove it".to_owned()),
            _ => return refuse(all, "only `blocking` may follow what to call".to_owned()),
        }
    }
    let all: TokenStream = call.iter().cloned().collect();
    match &call[..] {
        [] => {
            return refuse(
                tokens,
                "what to call comes first: `#[teardown(close)]`".to_owned(),
            );
        }
        [TokenTree::Ident(word), TokenTree::Punct(eq), rest @ ..] if eq.as_char() == '=' => {
            return skip(word, rest, blocking, errors);
        }
        [TokenTree::Ident(word)] if word == "skip" => {
            return refuse(
                all,
                "say why nothing is to be done: `#[teardown(skip = \"..\")]`".to_owned(),
            );
        }
        [TokenTree::Ident(word)] if word == "blocking" => {
            let message = "`blocking` goes behind what to call: `#[teardown(sync_all, blocking)]`";
            return refuse(all, message.to_owned());
        }
        [TokenTree::Literal(text)] if text.to_string().starts_with('"') => {
            let bare = text.to_string();
            let bare = bare.trim_matches('"');
            return refuse(all, format!("write it without quotes: `#[teardown({bare})]`"));
        }
        [TokenTree::Ident(word), ..] if word == "self" => {
            let message = format!("write only what follows `self.{label}.`, like `#[teardown(close)]`");
            return refuse(all, message);
        }
        [TokenTree::Ident(word), ..] if word == "async" || word == "move" => {
            return refuse(all, closure(label));
        }
        [TokenTree::Punct(punct), ..] => {
            return match punct.as_char() {
                '.' => refuse(
                    all,
                    "write it without the dot in front, like `#[teardown(close)]`".to_owned(),
                ),
                '|' => refuse(all, closure(label)),
                _ => refuse(all, format!("this is nothing that can follow `self.{label}.`")),
            };
        }
        _ => {}
    }
    Some(Step::Call {
        value: expression(call, member, label, span, errors)?,
        blocking,
        guarded: guarded(&all),
    })
}

fn closure(label: &str) -> String {
    format!("a closure is not needed; write what follows `self.{label}.`, like `#[teardown(close)]`")
}

/// The expression that the tokens are behind `this.field.`.
fn expression(
    mut call: Vec<TokenTree>,
    member: &Member,
    label: &str,
    span: Span,
    errors: &Errors,
) -> Option<TokenStream> {
    let ends_in_method = matches!(call.last(), Some(TokenTree::Ident(last)) if last != "await");
    let end = call.last().map_or(span, TokenTree::span);
    call = with_this(call);
    if ends_in_method {
        let mut parentheses =
            proc_macro2::Group::new(proc_macro2::Delimiter::Parenthesis, TokenStream::new());
        parentheses.set_span(end);
        call.push(TokenTree::Group(parentheses));
    }
    let this = this(span);
    let value = quote!(#this.#member.#(#call)*);
    match syn::parse2::<Expr>(value.clone()) {
        Ok(Expr::MethodCall(_) | Expr::Await(_) | Expr::Field(_) | Expr::Try(_) | Expr::Call(_)) => {
            Some(value)
        }
        Ok(_) | Err(_) => {
            let message = format!(
                "this cannot follow `self.{label}.`; write a method, like `close` or `lock().await.shutdown()`"
            );
            errors.spanned(
                call.into_iter().collect::<TokenStream>(),
                Lint::BadAttribute,
                message,
            );
            None
        }
    }
}

/// `self` in the arguments means the resource, as it would in a method.
fn with_this(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let replace = |token| match token {
        TokenTree::Ident(word) if word == "self" => TokenTree::Ident(this(word.span())),
        TokenTree::Group(group) => {
            let inner = with_this(group.stream().into_iter().collect());
            let mut replaced = proc_macro2::Group::new(group.delimiter(), inner.into_iter().collect());
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

/// Whether a lock is taken and not awaited: the guard of such a lock must be gone before anything is awaited, while
/// that of an async one must live until the call that needs it has been awaited.
fn guarded(tokens: &TokenStream) -> bool {
    let has = |words: &[&str]| {
        tokens
            .clone()
            .into_iter()
            .any(|token| matches!(&token, TokenTree::Ident(ident) if words.iter().any(|word| ident == word)))
    };
    has(&["lock", "read", "write", "borrow", "borrow_mut"]) && !has(&["await"])
}

fn skip(word: &Ident, value: &[TokenTree], blocking: bool, errors: &Errors) -> Option<Step> {
    if word != "skip" {
        let name = unraw(word);
        let message = match name.as_str() {
            "timeout" | "order" | "name" => {
                format!("`{name}` is of the whole resource; write `#[lifecycle::resource({name} = ..)]`")
            }
            _ => format!("unknown key `{name}`{}", suggest(&name, &["skip"])),
        };
        errors.spanned(word, Lint::BadAttribute, message);
        return None;
    }
    if blocking {
        errors.spanned(
            word,
            Lint::BadAttribute,
            "what is skipped blocks nothing; remove `blocking`",
        );
    }
    let all: TokenStream = value.iter().cloned().collect();
    match syn::parse2::<syn::LitStr>(all.clone()) {
        Ok(reason) if !reason.value().trim().is_empty() => Some(Step::Skip),
        _ => {
            let message = "say why nothing is to be done: `#[teardown(skip = \"..\")]`";
            let span = if all.is_empty() {
                word.span()
            } else {
                first_span(&all)
            };
            errors.at(span, Lint::BadAttribute, message);
            None
        }
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
