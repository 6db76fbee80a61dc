//! The values after `key =`.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{Expr, Lit, LitStr, Path, parse::Parser};

use crate::{
    errors::{Errors, Lint},
    parse::{span_or, unraw},
    suggest::suggest,
};

/// The shortest grace, as in the core.
const SHORTEST_GRACE: Duration = Duration::from_millis(10);

/// The tokens after the `=` of a key.
pub(crate) struct Assigned {
    pub(crate) name: Ident,
    /// An example of the key with its value.
    pub(crate) form: &'static str,
    pub(crate) tokens: Vec<TokenTree>,
}

/// A value that the macro has read, or an expression whose type and value the compiler and the start check.
pub(crate) enum Given<T> {
    Literal(T),
    /// The tokens of the expression, and the span of its key.
    Expression(TokenStream, Span),
}

impl<T> Given<T> {
    pub(crate) fn literal(&self) -> Option<&T> {
        match self {
            Given::Literal(value) => Some(value),
            Given::Expression(..) => None,
        }
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Given::Literal(value) => Given::Literal(f(value)),
            Given::Expression(tokens, key) => Given::Expression(tokens, key),
        }
    }
}

/// A value and its span.
#[derive(Clone, Copy)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl Assigned {
    fn name(&self) -> String {
        unraw(&self.name)
    }

    fn all(&self) -> TokenStream {
        self.tokens.iter().cloned().collect()
    }

    fn wrong<T>(&self, errors: &Errors) -> Option<T> {
        let (name, all) = (self.name(), self.all());
        if all.is_empty() {
            let message = format!("`{name}` has no value; write `{}`", self.form);
            errors.spanned(&self.name, Lint::BadAttribute, message);
        } else {
            let message = format!("`{name}` cannot be `{all}`; write `{}`", self.form);
            errors.spanned(all, Lint::BadAttribute, message);
        }
        None
    }

    /// Reads one literal. The most frequent mistake is a missing comma after it.
    fn literal(&self, errors: &Errors) -> Option<Lit> {
        let (negative, rest) = match &self.tokens[..] {
            [TokenTree::Punct(minus), rest @ ..] if minus.as_char() == '-' => (1, rest),
            rest => (0, rest),
        };
        match rest {
            [TokenTree::Literal(_)] => syn::parse2(self.all()).ok().or_else(|| self.wrong(errors)),
            [TokenTree::Literal(_), TokenTree::Ident(next), ..] => {
                errors.spanned(next, Lint::BadAttribute, format!("a comma is missing before `{next}`"));
                None
            }
            [TokenTree::Ident(_)] if negative == 0 => {
                syn::parse2(self.all()).ok().or_else(|| self.wrong(errors))
            }
            _ => self.wrong(errors),
        }
    }

    /// Reads a literal by `read`, or takes the tokens as an expression.
    ///
    /// A word in lower case is not an expression, because no local variable is in scope: it is a value without quotes.
    pub(crate) fn given<T>(
        &self,
        errors: &Errors,
        read: impl FnOnce(&Self, &Errors) -> Option<T>,
    ) -> Option<Given<T>> {
        let is_expression = match &self.tokens[..] {
            [] | [TokenTree::Literal(_)] | [TokenTree::Literal(_), TokenTree::Ident(_), ..] => false,
            [TokenTree::Punct(minus), TokenTree::Literal(_), ..] if minus.as_char() == '-' => false,
            [TokenTree::Ident(word)] => unraw(word).chars().any(char::is_uppercase),
            _ => syn::parse2::<Expr>(self.all()).is_ok(),
        };
        if is_expression {
            return Some(Given::Expression(self.all(), self.name.span()));
        }
        if let Some(next) = self.next_key() {
            errors.spanned(next, Lint::BadAttribute, format!("a comma is missing before `{next}`"));
            return None;
        }
        read(self, errors).map(Given::Literal)
    }

    /// Reads an expression, or an array of expressions, none of which is a literal.
    pub(crate) fn expressions(&self, errors: &Errors) -> Option<Vec<Expr>> {
        let expressions = match syn::parse2::<Expr>(self.all()) {
            Ok(Expr::Array(array)) => array.elems.into_iter().collect(),
            Ok(expression) => vec![expression],
            Err(_) => Vec::new(),
        };
        if expressions.is_empty()
            && let Some(next) = self.next_key()
        {
            errors.spanned(next, Lint::BadAttribute, format!("a comma is missing before `{next}`"));
            return None;
        }
        // A literal is neither a function nor a resource. The compiler checks the type of everything else.
        let is_literal = |expression: &Expr| matches!(expression, Expr::Lit(_));
        if expressions.is_empty() || expressions.iter().any(is_literal) {
            return self.wrong(errors);
        }
        Some(expressions)
    }

    /// Returns the key that follows in the same piece, because no comma separates it.
    fn next_key(&self) -> Option<&Ident> {
        self.tokens.windows(2).skip(1).find_map(|pair| match pair {
            [TokenTree::Ident(next), TokenTree::Punct(equals)] if equals.as_char() == '=' => Some(next),
            _ => None,
        })
    }

    pub(crate) fn string(&self, errors: &Errors) -> Option<LitStr> {
        match self.literal(errors)? {
            Lit::Str(text) => Some(text),
            _ => self.wrong(errors),
        }
    }

    /// Reads a string that is not blank.
    pub(crate) fn text(&self, errors: &Errors) -> Option<String> {
        let text = self.string(errors)?;
        if text.value().trim().is_empty() {
            let message = format!("`{}` is empty; write `{}`", self.name(), self.form);
            errors.spanned(&text, Lint::BadAttribute, message);
            return None;
        }
        Some(text.value())
    }

    pub(crate) fn integer(&self, errors: &Errors) -> Option<Spanned<i128>> {
        let literal = self.literal(errors)?;
        let span = span_or(&self.tokens, literal.span());
        let Lit::Int(number) = &literal else {
            return self.wrong(errors);
        };
        match number.base10_digits().parse() {
            Ok(value) if number.suffix().is_empty() => Some(Spanned { value, span }),
            Ok(_) => {
                let message = format!("the number has a suffix; write `{}`", number.base10_digits());
                errors.spanned(&literal, Lint::BadAttribute, message);
                None
            }
            // It has more digits than an `i128`, so it is out of every range that is checked next.
            Err(_) => Some(Spanned { value: i128::MAX, span }),
        }
    }

    /// Reads an order: any `i32`.
    pub(crate) fn order(&self, errors: &Errors) -> Option<i32> {
        let number = self.integer(errors)?;
        i32::try_from(number.value).ok().or_else(|| {
            let message =
                format!("`order` is out of range; write a number from {} to {}", i32::MIN, i32::MAX);
            errors.spanned(self.all(), Lint::BadAttribute, message);
            None
        })
    }

    /// Reads a number from 1 to 65535.
    pub(crate) fn count(&self, errors: &Errors) -> Option<usize> {
        let number = self.integer(errors)?;
        match u16::try_from(number.value) {
            Ok(count) if count > 0 => Some(usize::from(count)),
            _ => {
                let message =
                    format!("`{}` is out of range; write a number from 1 to {}", self.name(), u16::MAX);
                errors.at(number.span, Lint::BadAttribute, message);
                None
            }
        }
    }

    pub(crate) fn duration(&self, errors: &Errors) -> Option<Spanned<Duration>> {
        let literal = self.literal(errors)?;
        let span = literal.span();
        match &literal {
            Lit::Str(text) => {
                if let Ok(value) = humantime::parse_duration(&text.value()) {
                    return Some(Spanned { value, span });
                }
                let message = format!(
                    "`{}` is not a duration; write a number and a unit, like `{}` or `1m 30s`; the units are `ms`, `s`, \
                     `m`, `h`",
                    text.value(),
                    self.form,
                );
                errors.spanned(text, Lint::BadAttribute, message);
            }
            Lit::Int(number) => {
                let (key, number) = (self.name(), number.base10_digits().to_owned());
                let message = format!("the duration has no unit; write `{key} = \"{number}s\"` for seconds");
                errors.spanned(&literal, Lint::BadAttribute, message);
            }
            _ => return self.wrong(errors),
        }
        None
    }

    /// Reads a duration of at least 10 ms.
    pub(crate) fn grace(&self, errors: &Errors) -> Option<Spanned<Duration>> {
        let duration = self.some_time(errors)?;
        if duration.value < SHORTEST_GRACE {
            let message =
                format!("`{}` is below 10 ms, in which no stop can end; write `{}`", self.name(), self.form);
            errors.at(duration.span, Lint::BadAttribute, message);
            return None;
        }
        Some(duration)
    }

    /// Reads a duration that is not zero.
    pub(crate) fn some_time(&self, errors: &Errors) -> Option<Spanned<Duration>> {
        let duration = self.duration(errors)?;
        if duration.value.is_zero() {
            let message = format!(
                "`{}` cannot be zero, because nothing would end in time; write `{}`",
                self.name(),
                self.form
            );
            errors.at(duration.span, Lint::BadAttribute, message);
            return None;
        }
        Some(duration)
    }

    /// Reads one of a few words in quotes.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)], errors: &Errors) -> Option<Spanned<T>> {
        let text = self.string(errors)?;
        let word = text.value();
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(Spanned { value: *value, span: text.span() });
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{}` cannot be `{word}`{}", self.name(), suggest(&word, &names));
        errors.spanned(&text, Lint::BadAttribute, message);
        None
    }

    /// Reads the name of a method.
    pub(crate) fn method(&self, errors: &Errors) -> Option<Ident> {
        match &self.tokens[..] {
            [TokenTree::Ident(name)] if syn::parse2::<Ident>(self.all()).is_ok() => Some(name.clone()),
            [TokenTree::Ident(_), TokenTree::Ident(next), ..] => {
                errors.spanned(next, Lint::BadAttribute, format!("a comma is missing before `{next}`"));
                None
            }
            [TokenTree::Literal(literal)] => {
                let message = format!(
                    "`{}` takes the name of a method, without quotes; write `{}`",
                    self.name(),
                    self.form
                );
                errors.spanned(literal, Lint::BadAttribute, message);
                None
            }
            [_, ..] => {
                let message = format!(
                    "`{}` takes the name of a method of this type; write `{}`",
                    self.name(),
                    self.form
                );
                errors.spanned(self.all(), Lint::BadAttribute, message);
                None
            }
            [] => self.wrong(errors),
        }
    }

    pub(crate) fn path(&self, errors: &Errors) -> Option<Path> {
        Path::parse_mod_style.parse2(self.all()).ok().or_else(|| self.wrong(errors))
    }
}
