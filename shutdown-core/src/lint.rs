//! What the compiler checks about the resources of a user.
//!
//! Generated code calls the functions of this folder in constants. A constant that panics is a compile error, and the
//! message of the panic is the message of the error. Nothing here can allocate, and neither `dyn` nor `TypeId` can be
//! compared: hence arrays, comparisons of names, and [`text`].

pub(crate) mod cycle;
mod hint;
pub(crate) mod leak;
mod text;
pub(crate) mod unknown;
pub(crate) mod unreleased;
mod walk;
