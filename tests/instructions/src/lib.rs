//! The figures and their comparison. The binary measures them.

pub mod figures;
pub mod verdict;
