//! The fields that the body of `teardown` names. They are read from its tokens, so also inside of macros. A body that
//! passes `self` on counts as naming every field.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::parse::unraw;

/// The fields that a body names.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Touched {
    /// The body passes `self` on, or calls a method of it.
    Any,
    /// The body names these fields, by name or index.
    Only(BTreeSet<String>),
}

impl Touched {
    pub(crate) fn by(body: &TokenTree) -> Self {
        let mut fields = BTreeSet::new();
        match read(body.clone().into(), &mut fields) {
            true => Self::Only(fields),
            false => Self::Any,
        }
    }
}

/// Collects the fields. Returns `false` if the body uses `self` in another way than `self.field`.
fn read(tokens: TokenStream, fields: &mut BTreeSet<String>) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    loop {
        rest = match rest {
            [] => return true,
            [TokenTree::Ident(word), TokenTree::Punct(dot), field, after @ ..]
                if word == "self" && dot.as_char() == '.' && !is_call(after) =>
            {
                match field {
                    TokenTree::Ident(name) => fields.insert(unraw(name)),
                    // `self.0.1` is lexed as `self`, `.`, `0.1`.
                    TokenTree::Literal(index) => {
                        let index = index.to_string();
                        fields.insert(index.split('.').next().unwrap_or_default().to_owned())
                    }
                    _ => return false,
                };
                after
            }
            // `self::` begins a path.
            [TokenTree::Ident(word), TokenTree::Punct(a), TokenTree::Punct(b), after @ ..]
                if word == "self" && a.as_char() == ':' && b.as_char() == ':' =>
            {
                after
            }
            [TokenTree::Ident(word), ..] if word == "self" => return false,
            [TokenTree::Group(group), after @ ..] => {
                if !read(group.stream(), fields) {
                    return false;
                }
                after
            }
            [_, after @ ..] => after,
        };
    }
}

/// Returns whether arguments or a turbofish follow, so that the name before is a method.
fn is_call(after: &[TokenTree]) -> bool {
    match after {
        [TokenTree::Group(group), ..] => group.delimiter() == Delimiter::Parenthesis,
        [TokenTree::Punct(a), TokenTree::Punct(b), ..] => a.as_char() == ':' && b.as_char() == ':',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Touched;

    fn only(fields: &[&str]) -> Touched {
        Touched::Only(fields.iter().map(|&field| field.to_owned()).collect())
    }

    fn by(body: &str) -> Touched {
        Touched::by(&body.parse::<proc_macro2::TokenStream>().unwrap().into_iter().next().unwrap())
    }

    #[test]
    fn a_field_is_found_anywhere_in_the_body() {
        assert_eq!(by("{ self.pool.close().await }"), only(&["pool"]));
        assert_eq!(
            by("{ if let Some(x) = &self.r#type { log!(\"{}\", self.task.len()) } }"),
            only(&["task", "type"])
        );
        assert_eq!(by("{ self.0.1.close(); (self.2)() }"), only(&["0", "2"]));
        assert_eq!(by("{ self::free(); myself.pool.close() }"), only(&[]));
    }

    #[test]
    fn a_body_that_passes_self_on_names_every_field() {
        assert_eq!(by("{ self.stop().await }"), Touched::Any);
        assert_eq!(by("{ self.stop::<u8>().await }"), Touched::Any);
        assert_eq!(by("{ stop(self).await }"), Touched::Any);
        assert_eq!(by("{ let Self { pool, .. } = self; }"), Touched::Any);
        assert_eq!(by("{ join!(stop(&self)) }"), Touched::Any);
    }
}
