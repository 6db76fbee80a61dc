//! One lifecycle: the sequence behind a lock, and the carrying out of its actions on the user's runtime.

pub(crate) mod builder;
pub(crate) mod context;
pub(crate) mod defer;
pub(crate) mod functions;
pub(crate) mod hook;
pub(crate) mod host;
pub(crate) mod lifecycle;
pub(crate) mod tasks;
pub(crate) mod work;
