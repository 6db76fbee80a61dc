//! The macro that tells the lint `unreleased_field` of a type.

/// Declares types that need release: what is lost without it, what a bare `#[teardown]` does, and the type that the
/// field needs for one. `form` is empty if there is no such type. Then `does` says what to do instead.
macro_rules! known {
    ($(
        [$($param:tt)*] $ty:ty: $path:literal,
        lost: $lost:literal,
        does: $does:expr,
        form: $form:literal
        $(, locked: $locked:literal)?;
    )+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($param)*> $crate::lint::leak::NeedsRelease for $ty {
            const LEAK: Option<$crate::lint::leak::Leak> =
                Some($crate::lint::leak::Leak::new($path, $lost, $does, $form)$(.locked($locked))?);
        }
    )+};
}

pub(super) use known;
