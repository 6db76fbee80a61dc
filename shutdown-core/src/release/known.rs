//! The macro that tells the lint `unreleased_field` of a type.

/// Declares types that need release: what is lost without it, what a bare `#[teardown]` does, and the type that the
/// field needs for one. `form` is empty if there is no such type. Then `does` says what to do instead.
macro_rules! known {
    ($(
        [$($($param:tt)+)?] $ty:ty: $path:literal,
        lost: $lost:literal,
        does: $does:expr,
        form: $form:literal
        $(, locked: $locked:literal)?;
    )+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($($param)+,)? List> $crate::lint::leak::NeedsRelease<List> for $ty {
            const LEAK: Option<$crate::lint::leak::Leak> =
                Some($crate::lint::leak::Leak::new($path, $lost, $does, $form)$(.locked($locked))?);
        }
    )+};
}

/// Declares types that lose nothing and have the name of a type that does. Otherwise the lint `unknown_client` would warn
/// of them.
#[allow(unused_macros, reason = "few libraries have such types")]
macro_rules! harmless {
    ($([$($param:tt)*] $ty:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($param,)* List> $crate::lint::leak::NeedsRelease<List> for $ty {
            const LEAK: Option<$crate::lint::leak::Leak> = None;
        }
    )+};
}

#[allow(unused_imports, reason = "few libraries have such types")]
pub(crate) use harmless;
pub(crate) use known;
