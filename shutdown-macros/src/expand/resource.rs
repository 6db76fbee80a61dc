//! The registration of a resource, and the code that releases one instance of it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, GenericParam, Generics, Path, parse_quote, spanned::Spanned};

use super::{duration, leaks, option, redundant, spanned};
use crate::{
    errors::{Errors, Lint},
    model::{
        field::Field,
        krate,
        resource::{self, Resource},
        step::{self, Step},
    },
};

/// The hidden derive. It adds to the item, which rustc keeps, whatever is reported.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => {
            errors.syntax(Lint::BadAttribute, &error);
            return errors.report();
        }
    };
    let args = resource::arguments(&item, &errors);
    let code = args.map(|args| match Resource::check(&args, &item, &errors) {
        Some(model) => expand(&model),
        None => stub(&item, &krate::quietly(&args)),
    });
    let errors = errors.report();
    quote!(#errors #code)
}

fn expand(model: &Resource) -> TokenStream {
    let Resource { krate, ident, name, last, .. } = model;
    let door = quote!(#krate::__private);
    let generics = bounded(&model.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = model.generics.split_for_impl();
    let generic = !model.generics.params.is_empty();
    let (order, timeout) = (option(model.order), option(model.timeout.map(duration)));
    let (release, needs, holds) = (release(model, &door), needs(model, &door), holds(model, &door));
    let registration = (!generic).then(|| registration(ident, &door));
    let (leaks, redundant) = (leaks::check(model, &door), redundant::check(model, &door));
    quote! {
        const _: () = {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Resource for #ident #ty_generics #where_clause {
                const DECLARATION: &'static #door::Declaration = &#door::Declaration {
                    name: #name,
                    module: ::core::module_path!(),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    order: #order,
                    timeout: #timeout,
                    last: #last,
                    generic: #generic,
                    type_id: ::core::any::TypeId::of::<Self>,
                    needs: #needs,
                };
                #release
                #holds
            }
            #registration
            #leaks
            #redundant
        };
    }
}

/// What stands in for the impl after an error, so that nothing else is reported for it.
fn stub(item: &DeriveInput, krate: &Path) -> TokenStream {
    let (ident, door) = (&item.ident, quote!(#krate::__private));
    let generics = bounded(&item.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = item.generics.split_for_impl();
    quote! {
        const _: () = {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Resource for #ident #ty_generics #where_clause {
                const DECLARATION: &'static #door::Declaration = #door::Declaration::NOTHING;
                async fn __lifecycle_release(this: #door::Managed<Self>) -> #door::Failures
                where
                    for<'__a> Self: #door::Granted<'__a>,
                {
                    #door::nothing(this).await
                }
            }
        };
    }
}

/// The generics, every parameter fit for a value that any thread may tear down at any time.
fn bounded(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    let bounds: Vec<syn::WherePredicate> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => {
                let ident = &param.ident;
                let bound = quote!(::core::marker::Send + ::core::marker::Sync + 'static);
                Some(parse_quote!(#ident: #bound))
            }
            GenericParam::Lifetime(param) => {
                let lifetime = &param.lifetime;
                Some(parse_quote!(#lifetime: 'static))
            }
            GenericParam::Const(_) => None,
        })
        .collect();
    if !bounds.is_empty() {
        generics.make_where_clause().predicates.extend(bounds);
    }
    generics
}

/// The whole teardown of one instance: the impl, then the fields, in order of declaration.
fn release(model: &Resource, door: &TokenStream) -> TokenStream {
    let (this, failures) =
        (step::this(Span::call_site()), format_ident!("__lifecycle_failures", span = Span::mixed_site()));
    let own = if model.own_required {
        // The one place that needs the impl; its span is what the error of a missing one points at.
        let (span, door) = (model.ident.span(), spanned(door.clone(), model.ident.span()));
        quote_spanned!(span=> <Self as #door::Teardown>::__lifecycle_own(&*#this, &mut #failures).await;)
    } else {
        quote! {
            {
                use #door::ProbeOwn as _;
                (&#door::Probe::<Self>::NEW).__lifecycle_own().run(&*#this, &mut #failures).await;
            }
        }
    };
    let steps: Vec<_> =
        model.fields.iter().filter_map(|field| field_step(field, door, &this, &failures)).collect();
    let calls = model.fields.iter().any(|field| matches!(field.step, Some(Step::Call { .. })));
    let imports = calls.then(|| quote!(use #door::{Outcome as _, ProbeFuture as _};));
    quote! {
        async fn __lifecycle_release(#this: #door::Managed<Self>) -> #door::Failures
        where
            for<'__a> Self: #door::Granted<'__a>,
        {
            #imports
            let mut #failures = #door::Failures::new();
            #own
            #(#steps)*
            #door::Failures::end(#failures, #this)
        }
    }
}

fn field_step(
    field: &Field,
    door: &TokenStream,
    this: &syn::Ident,
    failures: &syn::Ident,
) -> Option<TokenStream> {
    let Field { member, label, .. } = field;
    let value = format_ident!("__lifecycle_value", span = Span::mixed_site());
    let kind = quote!((&#door::Probe::value(&#value)).__lifecycle_kind());
    Some(match field.step.as_ref()? {
        Step::Skip => return None,
        Step::Known => {
            // The obligation stands on the field's own type, so that its error does too.
            let (ty, span) = (&field.ty, field.ty.span());
            let door = spanned(door.clone(), span);
            quote_spanned! {span=>
                <#ty as #door::Release>::known(&mut #failures, #label, &#this, |#this: &Self| &#this.#member).await;
            }
        }
        Step::Call { value: call, blocking: true, .. } => quote! {
            #door::Failures::blocking(&mut #failures, #label, &#this, |#this: &Self| match #call {
                #value => (&&&#door::Settled(#kind.block(#value))).__lifecycle_outcome(),
            }).await;
        },
        Step::Call { value: call, guarded: true, .. } => quote! {
            #door::Failures::step(&mut #failures, #label, async {
                let #value = #call;
                (&&&#door::Settled(#kind.settle(#value).await)).__lifecycle_outcome()
            }).await;
        },
        // In a `match`, what the call borrows from lives until the call has been awaited.
        Step::Call { value: call, .. } => quote! {
            #door::Failures::step(&mut #failures, #label, async {
                match #call {
                    #value => (&&&#door::Settled(#kind.settle(#value).await)).__lifecycle_outcome(),
                }
            }).await;
        },
    })
}

/// What the type depends on: asked of each field's type, and said by `depends_on`.
///
/// A closure, since the path of a method would ask for all that the trait asks for, and so report it twice.
fn needs(model: &Resource, door: &TokenStream) -> TokenStream {
    let fields: Vec<_> = model.fields.iter().filter(|field| field.may_hold).collect();
    if fields.is_empty() && model.depends_on.is_empty() {
        return quote!(|_| {});
    }
    let import = (!fields.is_empty()).then(|| quote!(use #door::ProbeField as _;));
    let fields = fields
        .into_iter()
        .map(|Field { ty, label, .. }| quote!((&#door::Probe::<#ty>::NEW).__lifecycle_needs(needs, #label);));
    let depends_on = model.depends_on.iter().map(|ty| {
        let (span, place) = (ty.span(), spanned(door.clone(), ty.span()));
        let declaration = quote_spanned!(span=> <#ty as #place::Resource>::DECLARATION);
        quote!(needs.add(#declaration, #door::NeedReason::DependsOn);)
    });
    quote! {
        |needs| {
            #import
            let needs = needs.of_owner::<Self>();
            #(#fields)*
            #(#depends_on)*
        }
    }
}

/// The entry in the registry of the linked program. Why it takes a `Clone` is said at `Registered`.
fn registration(ident: &syn::Ident, door: &TokenStream) -> TokenStream {
    quote! {
        struct __LifecycleEntry(&'static #door::Declaration);

        #[automatically_derived]
        impl ::core::clone::Clone for __LifecycleEntry {
            fn clone(&self) -> Self {
                Self(#door::Declaration::of::<#ident>())
            }
        }

        #door::inventory::submit! {
            #door::Registered(|| ::core::clone::Clone::clone(&__LifecycleEntry(#door::Declaration::NOTHING)).0)
        }
    }
}

/// The instances of its own type that a value holds.
fn holds(model: &Resource, door: &TokenStream) -> Option<TokenStream> {
    let fields: Vec<_> = model.fields.iter().filter(|field| field.may_hold && field.names_self).collect();
    if fields.is_empty() {
        return None;
    }
    let fields = fields.into_iter().map(|Field { ty, member, .. }| {
        let probe = quote!((&#door::Probe::<#ty>::NEW));
        quote!(#probe.__lifecycle_held(&self.#member, held);)
    });
    Some(quote! {
        fn __lifecycle_holds(&self, held: &mut #door::Held) {
            use #door::ProbeField as _;
            #(#fields)*
        }
    })
}
