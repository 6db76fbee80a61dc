//! `#[teardown(..)]` on a field: the call that releases it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Index, LitStr, Member, Meta};

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
    /// By an expression over [`taken`], the value that a `Slot` held.
    Taken { call: TokenStream, blocking: bool },
    /// Not at all. The user has given a reason.
    Skip,
}

const COMMA: &str = "there is one comma too many; remove it";

const NO_REASON: &str = "`skip` needs a reason; write `#[teardown(skip = \"why nothing has to be done\")]`";

/// Returns the name of the resource in generated code.
///
/// rustc prints the name in its error about a method that takes `self` (E0507): "cannot move out of `NAME.field`". No
/// macro sees whether a method does, so the name says what to write.
///
/// rustc prints it only if it is written like a token of the user, so it is resolved where the struct is.
pub(crate) fn this(at: Span, owner: &Ident) -> Ident {
    Ident::new("make_it_a_slot_and_add_take", owner.span().located_at(at))
}

/// Returns the member at another place, so that an error about `self.field` underlines the call alone.
fn located(member: &Member, at: Span) -> Member {
    match member {
        Member::Named(name) => {
            let mut name = name.clone();
            name.set_span(name.span().located_at(at));
            Member::Named(name)
        }
        Member::Unnamed(index) => {
            Member::Unnamed(Index { index: index.index, span: index.span.located_at(at) })
        }
    }
}

/// Returns the name of a value that was taken out of its `Slot`.
pub(crate) fn taken(span: Span) -> Ident {
    Ident::new("__lifecycle_taken", Span::mixed_site().located_at(span))
}

/// The words that may follow the call.
#[derive(Default)]
struct Options {
    blocking: Option<Ident>,
    take: Option<Ident>,
}

impl Step {
    pub(crate) fn check(
        attribute: &Attribute,
        owner: &Ident,
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
        let Options { blocking, take } = options(pieces, errors)?;
        if let [TokenTree::Ident(word), TokenTree::Punct(eq), value @ ..] = &call[..]
            && eq.as_char() == '='
        {
            return skip(word, value, blocking.or(take), errors);
        }
        if let Some(message) = mistake(&call, label) {
            errors.spanned(call.into_iter().collect::<TokenStream>(), Lint::BadAttribute, message);
            return None;
        }
        let direct = is_one_method(&call) || guarded(&call);
        let span = parse::span_or(&call, Span::call_site());
        let blocking = blocking.is_some();
        if take.is_some() {
            let call = expression(call, owner, &taken(span).into_token_stream(), label, errors)?;
            return Some(Step::Taken { call, blocking });
        }
        let this = this(span, owner);
        let member = located(member, span);
        let value = expression(call, owner, &quote!(#this.#member), label, errors)?;
        Some(Step::Call { value, blocking, direct })
    }

    /// Returns whether the step does anything.
    pub(crate) fn releases(&self) -> bool {
        !matches!(self, Self::Skip)
    }
}

/// Reads the options after the call: `blocking`, `take`, or nothing. Returns `None` after a mistake.
fn options(pieces: impl Iterator<Item = Vec<TokenTree>>, errors: &Errors) -> Option<Options> {
    let mut options = Options::default();
    for option in pieces {
        let message = match &option[..] {
            [TokenTree::Ident(word)] if word == "blocking" && options.blocking.is_none() => {
                options.blocking = Some(word.clone());
                continue;
            }
            [TokenTree::Ident(word)] if word == "take" && options.take.is_none() => {
                options.take = Some(word.clone());
                continue;
            }
            [TokenTree::Ident(word)] if word == "blocking" || word == "take" => {
                format!("`{word}` occurs twice; remove one")
            }
            [TokenTree::Ident(word), ..] => {
                format!("unknown option `{word}`{}", suggest(&unraw(word), &["blocking", "take"]))
            }
            [comma] if parse::is_comma(comma) => COMMA.to_owned(),
            _ => "only `blocking` and `take` may follow the call; remove this".to_owned(),
        };
        errors.spanned(option.into_iter().collect::<TokenStream>(), Lint::BadAttribute, message);
        return None;
    }
    Some(options)
}

/// Reads `skip = ".."`, or reports an unknown key.
fn skip(key: &Ident, value: &[TokenTree], option: Option<Ident>, errors: &Errors) -> Option<Step> {
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
    if let Some(option) = option {
        let message = match option == "take" {
            true => "a skipped field is not taken; remove `take`",
            false => "a skipped field does not block; remove `blocking`",
        };
        errors.spanned(option, Lint::BadAttribute, message);
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

/// Returns an expression: the value, a dot, and the call.
fn expression(
    call: Vec<TokenTree>,
    owner: &Ident,
    of: &TokenStream,
    label: &str,
    errors: &Errors,
) -> Option<TokenStream> {
    let method = match call.last() {
        Some(TokenTree::Ident(last)) if last != "await" => Some(last.span()),
        _ => None,
    };
    let mut call = with_this(call, owner);
    if let Some(span) = method {
        let mut parentheses = Group::new(Delimiter::Parenthesis, TokenStream::new());
        parentheses.set_span(span);
        call.push(TokenTree::Group(parentheses));
    }
    let value = quote!(#of.#(#call)*);
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
fn with_this(tokens: Vec<TokenTree>, owner: &Ident) -> Vec<TokenTree> {
    let replace = |token| match token {
        TokenTree::Ident(word) if word == "self" => TokenTree::Ident(this(word.span(), owner)),
        TokenTree::Group(group) => {
            let inner = with_this(group.stream().into_iter().collect(), owner);
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
