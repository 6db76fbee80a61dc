//! The attribute macros of `lifecycle`.
