//! The arguments of `needs_release!`, and of each entry of `known_types!`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Expr, GenericArgument, Generics, LitStr, Path, PathArguments, Token, Type,
    parse::{Parse, ParseStream},
};

use super::{krate, values::Assigned};
use crate::{
    errors::{Errors, Lint},
    parse::{self, Entry, Value},
};

const FORM: &str = "write `Client, \"what is lost without it\", \"flush\"`";

pub(crate) struct NeedsRelease {
    pub(crate) krate: Path,
    pub(crate) generics: Generics,
    pub(crate) ty: Type,
    /// The type, by the name that the user wrote.
    pub(crate) name: String,
    /// The same with `_` for each generic argument, if the entry has parameters.
    pub(crate) form: String,
    pub(crate) lost: String,
    pub(crate) does: String,
    /// The call, on `self`.
    pub(crate) call: TokenStream,
    pub(crate) blocking: bool,
    /// Whether the method takes `self`, so that the field has to be a `Slot`.
    pub(crate) take: bool,
}

impl NeedsRelease {
    /// Returns the model, if every rule holds.
    pub(crate) fn check(args: TokenStream, errors: &Errors) -> Option<Self> {
        let place = args.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        let (mut pieces, mut krate, mut blocking, mut take) = (Vec::new(), None, false, false);
        for piece in pieces_of(args) {
            match &piece[..] {
                [TokenTree::Ident(word)] if word == "blocking" && pieces.len() == 3 => {
                    once(word, std::mem::replace(&mut blocking, true), errors);
                }
                [TokenTree::Ident(word)] if word == "take" && pieces.len() == 3 => {
                    once(word, std::mem::replace(&mut take, true), errors);
                }
                [TokenTree::Ident(word), ..] if word == "crate" && pieces.len() == 3 => {
                    once(word, krate.is_some(), errors);
                    krate = path(piece.iter().cloned().collect(), errors);
                }
                _ => pieces.push(piece.into_iter().collect::<TokenStream>()),
            }
        }
        let mut pieces = pieces.into_iter();
        let (Some(ty), Some(lost), Some(method)) = (pieces.next(), pieces.next(), pieces.next()) else {
            let message = format!("expected a type, what is lost, and a method; {FORM}");
            errors.at(place, Lint::BadAttribute, message);
            return None;
        };
        for extra in pieces {
            let message = "only `blocking`, `take` and `crate = path` may follow the method; remove this";
            errors.spanned(extra, Lint::BadAttribute, message);
        }
        let head = head(ty, errors);
        let lost = text(lost, errors);
        let call = call(method, errors);
        if errors.any() {
            return None;
        }
        let ((method, call), Head { generics, ty }) = (call?, head?);
        let name = ty.to_token_stream().to_string().replace(' ', "");
        let (name, form) = match (generics.params.is_empty(), name.split_once('<')) {
            (false, Some((name, _))) => (name.to_owned(), inferred(&ty)),
            _ => (name.clone(), name),
        };
        Some(Self {
            krate: krate.unwrap_or_else(krate::default),
            generics,
            ty,
            name,
            form,
            lost: lost?,
            does: format!("calls `{method}`"),
            call,
            blocking,
            take,
        })
    }
}

/// Reports a word that occurs a second time.
fn once(word: &Ident, before: bool, errors: &Errors) {
    if before {
        errors.spanned(word, Lint::BadAttribute, format!("`{word}` occurs twice; remove one"));
    }
}

/// Splits the arguments at their commas. A comma between `<` and `>` belongs to a type.
fn pieces_of(args: TokenStream) -> Vec<Vec<TokenTree>> {
    let (mut depth, mut pieces) = (0_u32, vec![Vec::new()]);
    for token in args {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth = depth.saturating_sub(1),
            token if parse::is_comma(token) && depth == 0 => {
                pieces.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = pieces.last_mut() {
            last.push(token);
        }
    }
    if pieces.last().is_some_and(Vec::is_empty) {
        pieces.pop();
    }
    pieces
}

fn path(piece: TokenStream, errors: &Errors) -> Option<Path> {
    let Some(Entry::Key(key)) = parse::entries(piece).into_iter().next() else {
        return None;
    };
    let Value::Assigned(tokens) = key.value else {
        errors.spanned(
            key.tokens(),
            Lint::BadAttribute,
            "`crate` takes a value; write `crate = path::to::lifecycle`",
        );
        return None;
    };
    Assigned { name: key.name, form: "crate = path::to::lifecycle", tokens }.path(errors)
}

/// A type, with the parameters of a generic one: `impl<T: Send> Pool<T>`.
struct Head {
    generics: Generics,
    ty: Type,
}

impl Parse for Head {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let generics = match input.parse::<Option<Token![impl]>>()? {
            Some(_) => input.parse()?,
            None => Generics::default(),
        };
        Ok(Self { generics, ty: input.parse()? })
    }
}

/// Returns a generic type as it can be written without its parameters: `Pool<_>`.
fn inferred(ty: &Type) -> String {
    let mut ty = ty.clone();
    if let Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
    {
        for argument in &mut arguments.args {
            if let GenericArgument::Type(ty) = argument {
                *ty = syn::parse_quote!(_);
            }
        }
    }
    ty.to_token_stream().to_string().replace(' ', "")
}

fn head(tokens: TokenStream, errors: &Errors) -> Option<Head> {
    let parsed = syn::parse2(tokens.clone()).ok();
    if parsed.is_none() {
        errors.spanned(
            or_here(tokens),
            Lint::BadAttribute,
            format!("the first argument has to be a type; {FORM}"),
        );
    }
    parsed
}

fn text(tokens: TokenStream, errors: &Errors) -> Option<String> {
    match syn::parse2::<LitStr>(tokens.clone()) {
        Ok(text) if !text.value().trim().is_empty() => Some(text.value()),
        _ => {
            let message =
                "the second argument has to be a text that says what is lost; write `\"buffered events\"`";
            errors.spanned(or_here(tokens), Lint::BadAttribute, message);
            None
        }
    }
}

/// Returns the method as the user wrote it, and its call.
fn call(tokens: TokenStream, errors: &Errors) -> Option<(String, TokenStream)> {
    // The method may be in quotes.
    let (written, call) = match syn::parse2::<LitStr>(tokens.clone()) {
        Ok(text) => (text.value(), text.parse::<TokenStream>().unwrap_or_default()),
        Err(_) => (tokens.to_string().replace(' ', ""), tokens.clone()),
    };
    let last = call.clone().into_iter().last();
    let parentheses = match last {
        Some(TokenTree::Ident(last)) if last != "await" => Some(quote_spanned!(last.span()=> ())),
        _ => None,
    };
    // `self` has the span of the method, so that an error about the receiver points there.
    let at = call.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    let this = quote_spanned!(Span::call_site().located_at(at)=> self);
    let call = quote!(#this.#call #parentheses);
    if let Ok(Expr::MethodCall(_) | Expr::Await(_) | Expr::Try(_) | Expr::Call(_)) = syn::parse2(call.clone())
    {
        return Some((written, call));
    }
    let message =
        "the third argument has to be the method that releases it; write `\"flush\"` or `\"close(200)\"`";
    errors.spanned(or_here(tokens), Lint::BadAttribute, message);
    None
}

/// Returns the tokens, or one at the macro call if there are none.
fn or_here(tokens: TokenStream) -> TokenStream {
    match tokens.is_empty() {
        true => TokenTree::from(proc_macro2::Literal::u8_unsuffixed(0)).into_token_stream(),
        false => tokens,
    }
}
