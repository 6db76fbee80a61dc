//! `#[teardown(..)]` on a field: what is called to release it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, LitStr, Member, Meta};

use crate::{
    errors::{Errors, Lint},
    parse::{self, unraw},
    suggest::suggest,
};

/// How a field is released.
pub(crate) enum Step {
    /// By the one right way of its type.
    Known,
    /// By an expression over [`this`].
    Call {
        value: TokenStream,
        blocking: bool,
        /// Whether what the call borrows from may be gone before its value is awaited.
        direct: bool,
    },
    /// Not at all, and the user has said why.
    Skip,
}

const COMMA: &str = "a comma too many; remove it";

const NO_REASON: &str = "say why nothing is to be done: `#[teardown(skip = \"..\")]`";

/// The resource in generated code; no token of the user's can mean it by accident.
pub(crate) fn this(span: Span) -> Ident {
    Ident::new("__lifecycle_this", Span::mixed_site().located_at(span))
}

impl Step {
    pub(crate) fn check(
        attribute: &Attribute,
        member: &Member,
        label: &str,
        errors: &Errors,
    ) -> Option<Self> {
        let tokens = match &attribute.meta {
            Meta::Path(_) => return Some(Step::Known),
            Meta::List(list) if list.tokens.is_empty() => return Some(Step::Known),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                errors.spanned(&pair.value, Lint::BadAttribute, "write `#[teardown(close)]`, in parentheses");
                return None;
            }
        };
        let mut pieces = parse::pieces(tokens).into_iter();
        let call = pieces.next().unwrap_or_default();
        if let [comma] = &call[..]
            && parse::is_comma(comma)
        {
            errors.spanned(comma, Lint::BadAttribute, COMMA);
            return None;
        }
        let blocking = options(pieces, errors)?;
        if let [TokenTree::Ident(word), TokenTree::Punct(eq), value @ ..] = &call[..]
            && eq.as_char() == '='
        {
            return skip(word, value, blocking, errors);
        }
        if let Some(message) = mistake(&call, label) {
            errors.spanned(call.into_iter().collect::<TokenStream>(), Lint::BadAttribute, message);
            return None;
        }
        let direct = is_one_method(&call) || guarded(&call);
        let value = expression(call, member, label, errors)?;
        Some(Step::Call { value, blocking: blocking.is_some(), direct })
    }
}

/// What follows the call: `blocking`, or nothing; `None` after a mistake.
#[expect(clippy::option_option, reason = "a mistake is told from nothing")]
fn options(pieces: impl Iterator<Item = Vec<TokenTree>>, errors: &Errors) -> Option<Option<Ident>> {
    let mut blocking = None;
    for option in pieces {
        let message = match &option[..] {
            [TokenTree::Ident(word)] if word == "blocking" && blocking.is_none() => {
                blocking = Some(word.clone());
                continue;
            }
            [TokenTree::Ident(word)] if word == "blocking" => {
                "`blocking` is given twice; remove one".to_owned()
            }
            [TokenTree::Ident(word), ..] => {
                format!("unknown option `{word}`{}", suggest(&unraw(word), &["blocking"]))
            }
            [comma] if parse::is_comma(comma) => COMMA.to_owned(),
            _ => "only `blocking` may follow what to call".to_owned(),
        };
        errors.spanned(option.into_iter().collect::<TokenStream>(), Lint::BadAttribute, message);
        return None;
    }
    Some(blocking)
}

/// `skip = ".."`, or a key that is none.
fn skip(key: &Ident, value: &[TokenTree], blocking: Option<Ident>, errors: &Errors) -> Option<Step> {
    if key != "skip" {
        let name = unraw(key);
        let message = match name.as_str() {
            "timeout" | "order" | "name" => {
                format!("`{name}` is of the whole resource; write `#[lifecycle::resource({name} = ..)]`")
            }
            _ => format!("unknown key `{name}`{}", suggest(&name, &["skip"])),
        };
        errors.spanned(key, Lint::BadAttribute, message);
        return None;
    }
    if let Some(blocking) = blocking {
        errors.spanned(blocking, Lint::BadAttribute, "what is skipped blocks nothing; remove `blocking`");
    }
    let value: TokenStream = value.iter().cloned().collect();
    match syn::parse2::<LitStr>(value.clone()) {
        Ok(reason) if !reason.value().trim().is_empty() => Some(Step::Skip),
        _ => {
            let place = if value.is_empty() { key.to_token_stream() } else { value };
            errors.spanned(place, Lint::BadAttribute, NO_REASON);
            None
        }
    }
}

/// The slips that can be told from the first tokens.
fn mistake(call: &[TokenTree], label: &str) -> Option<String> {
    let closure =
        || format!("a closure is not needed; write what follows `self.{label}.`, like `#[teardown(close)]`");
    Some(match call {
        [TokenTree::Ident(word)] if word == "skip" => NO_REASON.to_owned(),
        [TokenTree::Ident(word)] if word == "blocking" => {
            "`blocking` goes behind what to call: `#[teardown(sync_all, blocking)]`".to_owned()
        }
        [TokenTree::Literal(text)] if text.to_string().starts_with('"') => {
            format!("write it without quotes: `#[teardown({})]`", text.to_string().trim_matches('"'))
        }
        [TokenTree::Ident(word), ..] if word == "self" => {
            format!("write only what follows `self.{label}.`, like `#[teardown(close)]`")
        }
        [TokenTree::Ident(word), ..] if word == "async" || word == "move" => closure(),
        [TokenTree::Punct(bar), ..] if bar.as_char() == '|' => closure(),
        [TokenTree::Punct(dot), ..] if dot.as_char() == '.' => {
            "write it without the dot in front, like `#[teardown(close)]`".to_owned()
        }
        _ => return None,
    })
}

/// The expression that the tokens are behind `self.field.`.
fn expression(call: Vec<TokenTree>, member: &Member, label: &str, errors: &Errors) -> Option<TokenStream> {
    let span = parse::span_or(&call, Span::call_site());
    let method = match call.last() {
        Some(TokenTree::Ident(last)) if last != "await" => Some(last.span()),
        _ => None,
    };
    let mut call = with_this(call);
    if let Some(span) = method {
        let mut parentheses = Group::new(Delimiter::Parenthesis, TokenStream::new());
        parentheses.set_span(span);
        call.push(TokenTree::Group(parentheses));
    }
    let this = this(span);
    let value = quote!(#this.#member.#(#call)*);
    if let Ok(Expr::MethodCall(_) | Expr::Await(_) | Expr::Field(_) | Expr::Try(_) | Expr::Call(_)) =
        syn::parse2(value.clone())
    {
        return Some(value);
    }
    let message = format!(
        "this cannot follow `self.{label}.`; write a method, like `close` or `lock().await.shutdown()`"
    );
    errors.spanned(call.into_iter().collect::<TokenStream>(), Lint::BadAttribute, message);
    None
}

/// `self` in the arguments means the resource, as it would in a method.
fn with_this(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let replace = |token| match token {
        TokenTree::Ident(word) if word == "self" => TokenTree::Ident(this(word.span())),
        TokenTree::Group(group) => {
            let inner = with_this(group.stream().into_iter().collect());
            let mut replaced = Group::new(group.delimiter(), inner.into_iter().collect());
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

/// Whether it is a method without arguments, which borrows from the field alone. Most are, and for these the compiler
/// need not be asked for a future around the call.
fn is_one_method(call: &[TokenTree]) -> bool {
    matches!(call, [TokenTree::Ident(word)] if word != "await")
}

/// Whether a lock is taken and not awaited: the guard of such a lock must be gone before anything is awaited, while
/// that of an async one must live until the call that needs it has been awaited.
fn guarded(call: &[TokenTree]) -> bool {
    let has = |words: &[&str]| {
        call.iter()
            .any(|token| matches!(token, TokenTree::Ident(ident) if words.iter().any(|word| ident == word)))
    };
    has(&["lock", "read", "write"]) && !has(&["await"])
}
