//! The registration of a resource, and the code that releases one instance of it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{DeriveInput, GenericParam, Generics, Ident, Path, parse_quote, spanned::Spanned};

use super::{cycle, leaks, question, spanned, without_self};
use crate::{
    errors::{Errors, Lint},
    model::{
        field::Field,
        krate,
        resource::{self, Release, Resource},
        step::{self, Step},
    },
    parse::unraw,
};

/// Expands the hidden derive. rustc keeps the item itself, also after an error.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => {
            errors.syntax(Lint::BadAttribute, &error);
            return errors.report();
        }
    };
    let args = resource::arguments(&item);
    let code = match Resource::check(&args, &item, &errors) {
        Some(model) => expand(&model),
        None => stub(&item, &krate::quietly(&args)),
    };
    let errors = errors.report();
    quote!(#errors #code)
}

fn expand(model: &Resource) -> TokenStream {
    let Resource { krate, ident, name, .. } = model;
    let door = quote!(#krate::__private);
    let generics = bounded(&model.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = model.generics.split_for_impl();
    let module = quote!(::core::module_path!());
    let keys = keys(model);
    let (steps, holds) = (steps(model, &door), holds(model, &door));
    let named = named(model, &door);
    let (before, link, behind) = if model.generics.params.is_empty() {
        let edges = edges(model, &door, true);
        let edges = quote!(.edges(&[#(#edges,)* #door::Edge::start(#door::Probe::<#ident>::START)]));
        (
            Some(quote! {
                static __DECLARATION: #door::Declaration =
                    #door::Declaration::new::<#ident>(#name, #module) #keys #edges;
            }),
            quote!(#door::Link::to(&__DECLARATION)),
            {
                let (registration, check) = (registration(ident, &door), cycle::check(model, &door));
                Some(quote!(#registration #check))
            },
        )
    } else {
        let edges = edges(model, &door, false);
        let collect = quote!(|needs| needs.extend(&[#(#edges),*]));
        let declaration = quote!(#door::Declaration::new::<Self>(#name, #module) #keys .collect(#collect));
        let named = quote!(#door::inventory::submit! { #door::Generic::new(#name, #module) });
        let leaks = leaks::check_generic(model, &door);
        (None, quote!({ #leaks #door::Link::to(const { &#declaration }) }), Some(named))
    };
    let provided = model.provided.then(|| {
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Startable for #ident #ty_generics #where_clause {
                const STARTING: &'static #door::Starting = &#door::Starting::provided::<Self>();
            }
        }
    });
    let leaks = leaks::check(model, &door);
    let by_value = leaks::check_bare(model, &door);
    let clients = leaks::check_clients(model, &door);
    let questions = leaks::asks(model).then(|| question::items(&door));
    quote! {
        const _: () = {
            #[allow(unused_imports, reason = "it is used only if no field holds a handle")]
            use #door::HoldsNothing as _;
            #[allow(unused_imports, reason = "it is used only if the struct does not start")]
            use #door::NoStart as _;
            #questions
            #by_value
            #before
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Generated for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Resource for #ident #ty_generics #where_clause {
                const LINK: #door::Link = #link;
                #steps
                #named
                #holds
            }
            #provided
            #behind
            #leaks
            #clients
        };
    }
}

/// Returns the keys of the attribute, as calls after `Declaration::new`.
fn keys(model: &Resource) -> TokenStream {
    let order = model.order.map(|order| quote!(.order(#order)));
    let timeout = model.timeout.map(|timeout| {
        let (seconds, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
        quote!(.timeout(#seconds, #nanos))
    });
    let last = model.last.then(|| quote!(.last()));
    let ready = model.ready.as_ref().map(|_| quote!(.ready()));
    let at_notice = model.at_notice.as_ref().map(|method| {
        let method = unraw(method);
        quote!(.at_notice(#method))
    });
    let is_step = |field: &&Field| field.step.as_ref().is_some_and(Step::releases);
    let mut labels = model.fields.iter().filter(is_step).map(|field| &field.label).peekable();
    let steps = labels.peek().is_some().then(|| quote!(.steps(&["teardown", #(#labels),*])));
    quote!(#order #timeout #last #ready #at_notice #steps)
}

/// Returns a stand-in for the impl after an error, so that rustc reports nothing else for it.
fn stub(item: &DeriveInput, krate: &Path) -> TokenStream {
    let (ident, door) = (&item.ident, quote!(#krate::__private));
    let generics = bounded(&item.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = item.generics.split_for_impl();
    quote! {
        const _: () = {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Generated for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #impl_generics #door::Resource for #ident #ty_generics #where_clause {
                const LINK: #door::Link = #door::Declaration::NOTHING;
                fn __lifecycle_step<'__a>(_: &'__a Self, _: &'__a #door::Managed<Self>, _: usize) -> #door::Step<'__a> {
                    ::core::unreachable!()
                }
            }
        };
    }
}

/// Returns the generics with a bound on each parameter: any thread may tear the value down at any time.
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

/// Returns the steps of the teardown of one instance: the impl, then the fields in the order of declaration.
fn steps(model: &Resource, door: &TokenStream) -> TokenStream {
    let (this, handle) = (
        step::this(model.ident.span(), &model.ident),
        format_ident!("__lifecycle_handle", span = Span::mixed_site()),
    );
    let own = if model.release == Release::Impl {
        // The one place that needs the impl. Its span is where the error of a missing impl points.
        let (span, door) = (model.ident.span(), spanned(door.clone(), model.ident.span()));
        quote_spanned!(span=> <Self as #door::HasTeardown>::own(#this))
    } else {
        quote! {{
            use #door::NoOwn as _;
            (#door::Probe::<Self>::OWN)(#this)
        }}
    };
    let mut arms = vec![own];
    let fields = model.fields.iter().enumerate();
    arms.extend(fields.filter_map(|(index, field)| {
        let by_value = leaks::by_value(model, index, field);
        field_step(field, by_value.as_ref(), door, &this, &handle)
    }));
    let last = arms.pop();
    let numbers = 0..arms.len();
    let body = match arms.is_empty() {
        true => last,
        false => Some(quote!(match __lifecycle_step { #(#numbers => #arms,)* _ => #last })),
    };
    let calls = |field: &Field| matches!(field.step, Some(Step::Call { .. } | Step::Taken { .. }));
    let import = model.fields.iter().any(calls).then(|| quote!(use #door::ProbeStep as _;));
    quote! {
        fn __lifecycle_step<'__a>(
            #this: &'__a Self,
            #handle: &'__a #door::Managed<Self>,
            __lifecycle_step: usize,
        ) -> #door::Step<'__a> {
            #import
            #body
        }
    }
}

fn field_step(
    field: &Field,
    by_value: Option<&syn::Ident>,
    door: &TokenStream,
    this: &syn::Ident,
    handle: &syn::Ident,
) -> Option<TokenStream> {
    let Field { member, .. } = field;
    let value = format_ident!("__lifecycle_value", span = Span::mixed_site());
    let kind = quote!((&mut #door::Probe::value(&#value)).__lifecycle_kind());
    let taken = step::taken(Span::call_site());
    Some(match field.step.as_ref()? {
        Step::Skip => return None,
        Step::Known => {
            // The obligation has the span of the field's type, so that its error points there.
            let (ty, span) = (&field.ty, field.ty.span());
            let door = spanned(door.clone(), span);
            let by_value =
                by_value.map_or_else(|| quote!(false), |by_value| quote_spanned!(span=> { #by_value }));
            quote_spanned! {span=>
                <#ty as #door::Bare<__LifecycleList, #by_value>>::step(
                    &#this.#member,
                    #handle,
                    |#this: &Self| &#this.#member,
                )
            }
        }
        Step::Taken { call, blocking: true } => quote! {
            #door::blocking(#handle, |#this: &Self| match #this.#member.take() {
                ::core::option::Option::Some(#taken) => match #call {
                    #value => #kind.block(#value),
                },
                ::core::option::Option::None => ::core::result::Result::Ok(()),
            })
        },
        Step::Taken { call, blocking: false } => quote! {
            #door::later(async move {
                match #this.#member.take() {
                    ::core::option::Option::Some(#taken) => match #call {
                        #value => #kind.settle(#value).await,
                    },
                    ::core::option::Option::None => ::core::result::Result::Ok(()),
                }
            })
        },
        Step::Call { value: call, blocking: true, .. } => quote! {
            #door::blocking(#handle, |#this: &Self| match #call {
                #value => #kind.block(#value),
            })
        },
        Step::Call { value: call, direct: true, .. } => {
            // The error of a future that is not `Send` points there.
            let method = call.clone().into_iter().last().map_or(Span::call_site(), |token| token.span());
            let settle = spanned(quote!(#kind.settle(#value)), Span::mixed_site().located_at(method));
            quote! {{
                let #value = #call;
                #settle
            }}
        }
        // In a `match`, what the call borrows from lives until the call has been awaited.
        Step::Call { value: call, .. } => quote! {
            #door::later(async move {
                // rustc prints the name of a variable of this block, and not the name of one that the block captures.
                let #this = #this;
                match #call {
                    #value => #kind.settle(#value).await,
                }
            })
        },
    })
}

/// Returns the methods that call what a key names: the check `ready`, and the hook `at_notice`.
fn named(model: &Resource, door: &TokenStream) -> TokenStream {
    let ready = model.ready.as_ref().map(|method| call(method, "ready", "answer", door));
    let at_notice = model.at_notice.as_ref().map(|method| call(method, "at_notice", "settle", door));
    quote!(#ready #at_notice)
}

/// Returns a method that calls the user's method and reads the value. Each error about the user's method points at its
/// name in the key: a missing one, wrong arguments, a wrong return type.
fn call(method: &Ident, key: &str, reader: &str, door: &TokenStream) -> TokenStream {
    // A span of the macro, so that rustc suggests no edit of the key.
    let span = Span::mixed_site().located_at(method.span());
    let (this, value) =
        (format_ident!("__lifecycle_this", span = span), format_ident!("__lifecycle_value", span = span));
    let (name, reader) = (format_ident!("__lifecycle_{key}"), format_ident!("{reader}", span = span));
    let call = quote_spanned!(span=> <Self>::#method(#this));
    let place = spanned(door.clone(), span);
    let read = quote_spanned!(span=> #place::Called::value(&#value).__lifecycle_kind().#reader(#value));
    quote! {
        fn #name<'__a>(#this: &'__a Self) -> #door::Step<'__a> {
            #[allow(unused_imports, reason = "it is not used by a method that returns a future")]
            use #door::Plain as _;
            match #call {
                #value => #read,
            }
        }
    }
}

/// Returns what the type depends on, by the type of each field and by `depends_on`.
fn edges(model: &Resource, door: &TokenStream, apart: bool) -> Vec<TokenStream> {
    let fields = model.fields.iter().filter(|field| field.may_hold);
    let fields = fields.map(|Field { ty, label, .. }| {
        let ty = match apart {
            true => without_self(ty.to_token_stream(), &model.ident),
            false => ty.to_token_stream(),
        };
        quote!(#door::Edge::field(#label, #door::Probe::<#ty>::LINKS))
    });
    let depends_on = model.depends_on.iter().map(|ty| {
        let (span, place) = (ty.span(), spanned(door.clone(), ty.span()));
        let link = quote_spanned!(span=> <#ty as #place::Resource>::LINK);
        quote!(#door::Edge::depends_on(&[#link]))
    });
    fields.chain(depends_on).collect()
}

/// Returns the entry in the registry of the linked program. `Registered` says why it needs a `Clone`.
fn registration(ident: &syn::Ident, door: &TokenStream) -> TokenStream {
    quote! {
        struct __LifecycleEntry(#door::Link);

        #[automatically_derived]
        impl ::core::clone::Clone for __LifecycleEntry {
            fn clone(&self) -> Self {
                Self(#door::link::<#ident>())
            }
        }

        #door::inventory::submit! {
            #door::Registered(|| ::core::clone::Clone::clone(&__LifecycleEntry(#door::Declaration::NOTHING)).0)
        }
    }
}

/// Returns the method that collects the instances of its own type that a value holds.
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
