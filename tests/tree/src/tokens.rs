//! What a piece of code names: paths, wherever they stand, also in the tokens of a macro call.

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};

/// A path in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The names between the `::`, beginning with `crate`, `super` or `self` as written.
    pub path: Vec<String>,
    /// The name after `as`.
    pub alias: Option<String>,
    /// The line of the last name.
    pub line: usize,
}

/// The paths in `tokens`, with each `use a::{b, c}` as two paths.
pub(crate) fn paths(tokens: TokenStream) -> Vec<Named> {
    let mut found = Vec::new();
    Scan { tokens: tokens.into_iter().collect(), at: 0 }.all(&[], &mut found);
    found
}

/// The lines of `tokens` that have the word `word`.
pub(crate) fn lines_with(tokens: TokenStream, word: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == word => lines.push(ident.span().start().line),
            TokenTree::Group(group) => lines.extend(lines_with(group.stream(), word)),
            _ => {}
        }
    }
    lines
}

struct Scan {
    tokens: Vec<TokenTree>,
    at: usize,
}

impl Scan {
    /// Collects every path, with `prefix` in front of each: the path before the braces of a `use`.
    fn all(mut self, prefix: &[String], found: &mut Vec<Named>) {
        while let Some(token) = self.tokens.get(self.at).cloned() {
            self.at += 1;
            match token {
                TokenTree::Ident(ident) => self.path(ident, prefix, found),
                TokenTree::Group(group) => {
                    Scan { tokens: group.stream().into_iter().collect(), at: 0 }.all(&[], found);
                }
                TokenTree::Punct(star) if star.as_char() == '*' && !prefix.is_empty() => {
                    let path = prefix.iter().cloned().chain(["*".to_owned()]).collect();
                    found.push(Named { path, alias: None, line: star.span().start().line });
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Collects the path that begins with `first`.
    fn path(&mut self, first: Ident, prefix: &[String], found: &mut Vec<Named>) {
        let mut path = prefix.to_vec();
        let mut last = first;
        loop {
            path.push(last.to_string());
            if !is_colons(self.tokens.get(self.at)) {
                break;
            }
            match self.tokens.get(self.at + 2).cloned() {
                Some(TokenTree::Ident(next)) => {
                    self.at += 3;
                    last = next;
                }
                Some(TokenTree::Group(group)) => {
                    self.at += 3;
                    let tokens = group.stream().into_iter().collect();
                    return Scan { tokens, at: 0 }.all(&path, found);
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    self.at += 3;
                    path.push("*".to_owned());
                    break;
                }
                _ => break,
            }
        }
        let alias = self.alias();
        found.push(Named { path, alias, line: last.span().start().line });
    }

    /// Takes `as name`. In `x as crate::T` a path follows instead, which is found by itself.
    fn alias(&mut self) -> Option<String> {
        let (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(name))) =
            (self.tokens.get(self.at), self.tokens.get(self.at + 1))
        else {
            return None;
        };
        let (is_as, name) = (word == "as", name.to_string());
        if !is_as || is_colons(self.tokens.get(self.at + 2)) {
            return None;
        }
        self.at += 2;
        Some(name)
    }
}

/// Whether `token` begins a `::`. A `:` that stands alone is a type's.
fn is_colons(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}
