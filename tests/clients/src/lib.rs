//! Servers that only the tests of this package need.
