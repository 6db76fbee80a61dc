//! Real stops for a picture, and a real browser that looks at it.

pub mod chromium;
mod fixture;

pub use fixture::{Folder, show, show_text};
