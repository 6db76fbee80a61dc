//! Questions to the compiler about the type of a field: does it need release, and is it released as it is?

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type};

use crate::model::handle::WRAPPERS;

/// Returns the items that the questions need: the traits, and the type `__LifecycleList`.
///
/// `known_types!` defines `LifecycleKnownTypes` in the root of the user's crate. A name from a glob import in an inner
/// block wins over the same name in an outer block. So the name means the user's type if there is one, and else
/// `NoList`. The inner block holds nothing else, because the glob imports every name of the crate's root.
pub(super) fn items(door: &TokenStream) -> TokenStream {
    quote! {
        #[allow(unused_imports, reason = "which of them is used depends on the types")]
        use #door::{NoList as LifecycleKnownTypes, Otherwise as _};
        enum __LifecycleCrate {}
        const _: () = {
            #[allow(unused_imports, reason = "most crates have no list")]
            use crate::*;
            #[automatically_derived]
            impl #door::Lists for __LifecycleCrate {
                type List = LifecycleKnownTypes;
            }
        };
        type __LifecycleList = <__LifecycleCrate as #door::Lists>::List;
    }
}

/// Returns what is lost if a value of the type is not released.
pub(super) fn found(ty: &Type, door: &TokenStream) -> TokenStream {
    let one = |ty: &Type| {
        quote! {
            #door::Leak::unless(
                #door::Leaks::<#ty, __LifecycleList>::__LIFECYCLE_FOUND,
                #door::Memory::<#ty>::__LIFECYCLE_MEMORY,
            )
        }
    };
    match elements(ty) {
        Some(elements) => {
            let elements = elements.iter().map(one);
            quote!(#door::Leak::element(&[#(#elements),*]))
        }
        None => one(ty),
    }
}

/// Returns whether a bare `#[teardown]` releases a value of the type.
pub(super) fn bare(ty: &Type, door: &TokenStream) -> TokenStream {
    quote!(#door::Released::<#ty, __LifecycleList>::__LIFECYCLE_BARE)
}

/// Returns the type once for each element of the tuples in it: `Vec<A>` and `Vec<B>` for `Vec<(A, B)>`. Returns `None`
/// if it has no tuple.
///
/// No trait can ask whether one of several types needs release and the others do not. So each is asked for itself.
fn elements(ty: &Type) -> Option<Vec<Type>> {
    let each = |inner: &Type, put: &dyn Fn(Type) -> Type| {
        elements(inner).map(|inner| inner.into_iter().map(put).collect())
    };
    match ty {
        Type::Tuple(tuple) => {
            let all = tuple.elems.iter().map(|ty| elements(ty).unwrap_or_else(|| vec![ty.clone()]));
            Some(all.flatten().collect())
        }
        Type::Paren(paren) => elements(&paren.elem),
        Type::Group(group) => elements(&group.elem),
        Type::Reference(reference) => each(&reference.elem, &|inner| {
            let mut reference = reference.clone();
            *reference.elem = inner;
            Type::Reference(reference)
        }),
        Type::Array(array) => each(&array.elem, &|inner| {
            let mut array = array.clone();
            *array.elem = inner;
            Type::Array(array)
        }),
        Type::Slice(slice) => each(&slice.elem, &|inner| {
            let mut slice = slice.clone();
            *slice.elem = inner;
            Type::Slice(slice)
        }),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            let (_, place) = WRAPPERS.iter().find(|(name, _)| last.ident == name)?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let GenericArgument::Type(inner) = arguments.args.get(*place)? else { return None };
            each(inner, &|inner| {
                let mut path = path.clone();
                if let Some(last) = path.path.segments.last_mut()
                    && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
                    && let Some(argument) = arguments.args.get_mut(*place)
                {
                    *argument = GenericArgument::Type(inner);
                }
                Type::Path(path)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::elements;

    fn of(ty: &str) -> Vec<String> {
        let found = elements(&syn::parse_str(ty).unwrap()).unwrap_or_default();
        found.iter().map(|ty| ty.to_token_stream().to_string().replace(' ', "")).collect()
    }

    #[test]
    fn a_tuple_is_found_in_wrappers() {
        assert_eq!(of("(A, B)"), ["A", "B"]);
        assert_eq!(of("std::vec::Vec<(A, B)>"), ["std::vec::Vec<A>", "std::vec::Vec<B>"]);
        assert_eq!(
            of("HashMap<(K, L), (A, Option<(B, C)>)>"),
            ["HashMap<(K,L),A>", "HashMap<(K,L),Option<B>>", "HashMap<(K,L),Option<C>>"]
        );
        assert_eq!(of("&'static [(A,); 2]"), ["&'static[A;2]"]);
    }

    #[test]
    fn a_type_without_a_tuple_is_asked_as_it_is() {
        for ty in ["A", "Vec<A>", "Other<(A, B)>", "fn(A) -> (B, C)", "Box<dyn Fn((A, B))>"] {
            assert!(of(ty).is_empty(), "{ty}");
        }
    }
}
