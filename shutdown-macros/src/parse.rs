//! Turns tokens into spanned keys and values. It knows no rule: it only tells the forms apart.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// Splits tokens at their commas. Two commas in a row give a piece that is the second comma.
pub(crate) fn pieces(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut pieces = vec![Vec::new()];
    for token in tokens {
        match (&token, pieces.last_mut()) {
            (TokenTree::Punct(punct), last) if punct.as_char() == ',' => {
                if let Some(last) = last.filter(|last| last.is_empty()) {
                    last.push(token);
                }
                pieces.push(Vec::new());
            }
            (_, Some(piece)) => piece.push(token),
            (_, None) => pieces.push(vec![token]),
        }
    }
    if pieces.last().is_some_and(Vec::is_empty) {
        pieces.pop();
    }
    pieces
}

/// One piece of an argument list.
pub(crate) enum Entry {
    Key(Key),
    /// Something that is not a key.
    Strange(TokenStream),
    /// One comma too many.
    Comma(TokenTree),
}

/// `key`, `key = value` or `key(list)`.
pub(crate) struct Key {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    /// `key`
    None,
    /// `key = tokens`. There may be no tokens.
    Assigned(Vec<TokenTree>),
    /// `key(tokens)`
    List(Group),
    /// `key` followed by anything else.
    Strange(TokenStream),
}

impl Key {
    /// Returns the name without the `r#` of a raw identifier.
    pub(crate) fn text(&self) -> String {
        unraw(&self.name)
    }

    /// Returns the key and its value.
    pub(crate) fn tokens(&self) -> TokenStream {
        let mut tokens = self.name.to_token_stream();
        match &self.value {
            Value::None => {}
            Value::Assigned(value) => tokens.extend(value.iter().cloned()),
            Value::List(group) => tokens.extend([TokenTree::Group(group.clone())]),
            Value::Strange(rest) => tokens.extend(rest.clone()),
        }
        tokens
    }
}

/// Parses an argument list.
pub(crate) fn entries(tokens: TokenStream) -> Vec<Entry> {
    pieces(tokens).into_iter().map(entry).collect()
}

/// Returns whether a token is a comma.
pub(crate) fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn entry(piece: Vec<TokenTree>) -> Entry {
    let mut piece = piece.into_iter();
    match piece.next() {
        None => Entry::Strange(TokenStream::new()),
        Some(comma) if is_comma(&comma) => Entry::Comma(comma),
        Some(TokenTree::Ident(name)) => Entry::Key(Key { name, value: value(piece.collect()) }),
        Some(other) => Entry::Strange([other].into_iter().chain(piece).collect()),
    }
}

fn value(tokens: Vec<TokenTree>) -> Value {
    match &tokens[..] {
        [] => Value::None,
        [TokenTree::Punct(punct), rest @ ..] if punct.as_char() == '=' => Value::Assigned(rest.to_vec()),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            Value::List(group.clone())
        }
        _ => Value::Strange(tokens.into_iter().collect()),
    }
}

/// Returns the name of an identifier without the `r#` of a raw one.
pub(crate) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// Returns the span of the first token, or `otherwise` if there is none.
pub(crate) fn span_or(tokens: &[TokenTree], otherwise: Span) -> Span {
    tokens.first().map_or(otherwise, TokenTree::span)
}
