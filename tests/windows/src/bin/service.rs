//! A service whose console events come from its stdin: each line is the number of an event.
//!
//! The first argument says what is in the way of its stop. Elsewhere than on Windows the program does nothing.

#[cfg(windows)]
#[path = "service/on_windows.rs"]
mod on_windows;

#[cfg(windows)]
#[lifecycle::main(grace = "60s", lame_duck = "200ms")]
async fn main() {
    on_windows::serve().await;
}

#[cfg(not(windows))]
fn main() {}
