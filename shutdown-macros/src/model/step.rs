//! `#[teardown(..)]` on a field: the call that releases it.

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
    /// By a bare `#[teardown]`.
    Known,
    /// By an expression over [`this`].
    Call {
        value: TokenStream,
        blocking: bool,
        /// Whether the call borrows only from the field, so that its value can be awaited after the statement.
        direct: bool,
    },
    /// Not at all. The user has given a reason.
    Skip,
}

const COMMA: &str = "there is one comma too many; remove it";

const NO_REASON: &str = "`skip` needs a reason; write `#[teardown(skip = \"why nothing has to be done\")]`";

/// Returns the name of the resource in generated code. No token of the user can mean it by accident.
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
                errors.spanned(
                    &pair.value,
                    Lint::BadAttribute,
                    "the call goes into parentheses; write `#[teardown(close)]`",
                );
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

/// Reads the options after the call: `blocking`, or nothing. Returns `None` after a mistake.
#[expect(clippy::option_option, reason = "a mistake differs from no option")]
fn options(pieces: impl Iterator<Item = Vec<TokenTree>>, errors: &Errors) -> Option<Option<Ident>> {
    let mut blocking = None;
    for option in pieces {
        let message = match &option[..] {
            [TokenTree::Ident(word)] if word == "blocking" && blocking.is_none() => {
                blocking = Some(word.clone());
                continue;
            }
            [TokenTree::Ident(word)] if word == "blocking" => {
                "`blocking` occurs twice; remove one".to_owned()
            }
            [TokenTree::Ident(word), ..] => {
                format!("unknown option `{word}`{}", suggest(&unraw(word), &["blocking"]))
            }
            [comma] if parse::is_comma(comma) => COMMA.to_owned(),
            _ => "only `blocking` may follow the call; remove this".to_owned(),
        };
        errors.spanned(option.into_iter().collect::<TokenStream>(), Lint::BadAttribute, message);
        return None;
    }
    Some(blocking)
}

/// Reads `skip = ".."`, or reports an unknown key.
fn skip(key: &Ident, value: &[TokenTree], blocking: Option<Ident>, errors: &Errors) -> Option<Step> {
    if key != "skip" {
        let name = unraw(key);
        let message = match name.as_str() {
            "timeout" | "order" | "name" => {
                format!("`{name}` applies to the whole resource; write `#[lifecycle::resource({name} = ..)]`")
            }
            _ => format!("unknown key `{name}`{}", suggest(&name, &["skip"])),
        };
        errors.spanned(key, Lint::BadAttribute, message);
        return None;
    }
    if let Some(blocking) = blocking {
        errors.spanned(blocking, Lint::BadAttribute, "a skipped field does not block; remove `blocking`");
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

/// Finds the mistakes that show in the first tokens.
fn mistake(call: &[TokenTree], label: &str) -> Option<String> {
    let closure = || {
        format!("a closure is not needed; write the call after `self.{label}.`, like `#[teardown(close)]`")
    };
    Some(match call {
        [TokenTree::Ident(word)] if word == "skip" => NO_REASON.to_owned(),
        [TokenTree::Ident(word)] if word == "blocking" => {
            "`blocking` follows the call; write `#[teardown(sync_all, blocking)]`".to_owned()
        }
        [TokenTree::Literal(text)] if text.to_string().starts_with('"') => {
            format!("the call needs no quotes; write `#[teardown({})]`", text.to_string().trim_matches('"'))
        }
        [TokenTree::Ident(word), ..] if word == "self" => {
            format!("write only the call after `self.{label}.`, like `#[teardown(close)]`")
        }
        [TokenTree::Ident(word), ..] if word == "async" || word == "move" => closure(),
        [TokenTree::Punct(bar), ..] if bar.as_char() == '|' => closure(),
        [TokenTree::Punct(dot), ..] if dot.as_char() == '.' => {
            "the call needs no dot before it; write `#[teardown(close)]`".to_owned()
        }
        _ => return None,
    })
}

/// Returns the expression `self.field.` with the call.
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

/// Replaces `self` in the arguments by the resource: it means the same as in a method.
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

/// Returns whether the call is a method without arguments, which borrows only from the field. Most calls are, and they
/// need no future around them.
fn is_one_method(call: &[TokenTree]) -> bool {
    matches!(call, [TokenTree::Ident(word)] if word != "await")
}

/// Returns whether the call takes a lock without awaiting it. The guard of such a lock must be dropped before anything is
/// awaited. The guard of an async lock must live until the call that uses it has been awaited.
fn guarded(call: &[TokenTree]) -> bool {
    let has = |words: &[&str]| {
        call.iter()
            .any(|token| matches!(token, TokenTree::Ident(ident) if words.iter().any(|word| ident == word)))
    };
    has(&["lock", "read", "write"]) && !has(&["await"])
}
