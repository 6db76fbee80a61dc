//! The compile-time lints: one page for each.
//!
//! The message of an error begins with the path of its page, such as `lifecycle::lints::unreleased_field`.
//!
//! | lint | reports |
//! |---|---|
//! | [`missing_teardown`] | a resource that nothing releases |
//! | [`unreleased_field`] | a field that loses something, because nothing releases it |
//! | [`unknown_client`] | a field that looks like a handle of a known client, and whose type no feature knows: a warning |
//! | [`missing_start`] | a resource that has to start, and nothing says how |
//! | [`dependency_cycle`] | resources that depend on each other |
//! | [`order_contradiction`] | an `order` that tears a dependency down too early |
//! | [`not_a_resource`] | a type in `depends_on` that is not a resource |
//! | [`stray_teardown`] | a `teardown` attribute in a place where it has no effect |
//! | [`bad_attribute`] | an unknown key, a wrong value, or an item that the attribute cannot apply to |
//!
//! [`ready_made`] has lines to copy, by which a program tells `unreleased_field` about types of other crates.

pub mod bad_attribute;
pub mod dependency_cycle;
pub mod missing_start;
pub mod missing_teardown;
pub mod not_a_resource;
pub mod order_contradiction;
pub mod ready_made;
pub mod stray_teardown;
pub mod unknown_client;
pub mod unreleased_field;
