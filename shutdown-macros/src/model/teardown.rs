//! `#[lifecycle::teardown]` on `impl Teardown for X`.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, FnArg, Generics, Path, ReceiverKind, ReturnType, Signature, Token, Type, Visibility,
    WhereClause, braced,
    parse::{Parse, ParseStream, discouraged::Speculative},
    token,
};

use crate::errors::{Errors, Lint};

/// The impl. The bodies of its methods stay tokens.
pub(crate) struct Impl {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) trait_: Path,
    pub(crate) self_ty: Type,
    pub(crate) brace: token::Brace,
    pub(crate) has_output: bool,
    pub(crate) method: Option<Method>,
    /// Everything between the braces except the method.
    pub(crate) rest: TokenStream,
}

/// `fn teardown`.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) signature: Signature,
    pub(crate) body: TokenTree,
}

/// The result of the check.
pub(crate) enum Teardown {
    /// The impl has `type Output` already.
    Complete,
    /// The macro adds `type Output`.
    Output(TokenStream),
    /// A mistake is reported. The macro replaces the impl by a stub.
    Refused(TokenStream),
}

impl Parse for Impl {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let trait_ = input.parse()?;
        input.parse::<Token![for]>()?;
        let self_ty = input.parse()?;
        generics.where_clause = input.parse::<Option<WhereClause>>()?;
        let content;
        let brace = braced!(content in input);
        let (mut has_output, mut method, mut rest) = (false, None, TokenStream::new());
        while !content.is_empty() {
            let ahead = content.fork();
            match Method::parse(&ahead) {
                Ok(found) if found.signature.ident == "teardown" && method.is_none() => {
                    content.advance_to(&ahead);
                    method = Some(found);
                }
                _ => item(&content, &mut has_output, &mut rest)?,
            }
        }
        Ok(Self { attrs, generics, trait_, self_ty, brace, has_output, method, rest })
    }
}

/// Reads any other item, up to its `;` or its braces.
fn item(content: ParseStream<'_>, has_output: &mut bool, rest: &mut TokenStream) -> syn::Result<()> {
    *has_output |= content.peek(Token![type]) && content.peek2(syn::Ident);
    while !content.is_empty() {
        let token: TokenTree = content.parse()?;
        let end = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
            _ => false,
        };
        token.to_tokens(rest);
        if end {
            break;
        }
    }
    Ok(())
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let signature = input.parse()?;
        let body = input.parse()?;
        match &body {
            TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => {}
            other => return Err(syn::Error::new(other.span(), "expected a body")),
        }
        Ok(Self { attrs, signature, body })
    }
}

impl ToTokens for Method {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, signature, body } = self;
        tokens.extend(quote!(#(#attrs)* #signature #body));
    }
}

impl Impl {
    /// Returns the return type of the method.
    fn output(&self) -> TokenStream {
        match self.method.as_ref().map(|method| &method.signature.output) {
            Some(ReturnType::Type(_, ty)) => ty.to_token_stream(),
            Some(ReturnType::Default) | None => quote!(()),
        }
    }

    pub(crate) fn check(&self, errors: &Errors) -> Teardown {
        if self.has_output {
            return Teardown::Complete;
        }
        let Some(method) = &self.method else {
            let message = "`teardown` is missing; write `async fn teardown(&self) { .. }` in the impl";
            errors.spanned(&self.self_ty, Lint::BadAttribute, message);
            return Teardown::Refused(quote!(()));
        };
        let signature = &method.signature;
        if signature.asyncness.is_none() {
            let message = "`teardown` has to be async; write `async fn teardown(&self)`";
            errors.spanned(signature.fn_token, Lint::BadAttribute, message);
        }
        match signature.inputs.first() {
            Some(FnArg::Receiver(receiver))
                if matches!(receiver.kind, ReceiverKind::Reference(_, None, None))
                    || matches!(&receiver.kind, ReceiverKind::Typed(_, ty) if is_ref_self(ty)) => {}
            Some(FnArg::Receiver(receiver)) => {
                let message = "`teardown` takes `&self`, because other code may still hold a clone of the handle; keep a \
                               value that is released by value in a `lifecycle::Slot`";
                errors.spanned(receiver, Lint::BadAttribute, message);
            }
            Some(FnArg::Typed(_)) | None => {
                let message = "`teardown` takes `&self`; write `async fn teardown(&self)`";
                errors.spanned(&signature.ident, Lint::BadAttribute, message);
            }
        }
        for extra in signature.inputs.iter().skip(1) {
            let message = "`teardown` takes only `&self`; put the value into a field of the struct";
            errors.spanned(extra, Lint::BadAttribute, message);
        }
        if !signature.generics.params.is_empty() {
            let message = "`teardown` cannot have generics; put the value into a field of the struct";
            errors.spanned(&signature.generics, Lint::BadAttribute, message);
        }
        if errors.any() { Teardown::Refused(self.output()) } else { Teardown::Output(self.output()) }
    }
}

fn is_ref_self(ty: &Type) -> bool {
    ty.to_token_stream().to_string().replace(' ', "") == "&Self"
}
