//! A Windows console, which takes UTF-16: bytes would be read in the code page of the console.

#![expect(unsafe_code, reason = "std writes to a console only under its own lock")]

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle as _;

use windows_sys::Win32::System::Console::{GetConsoleMode, WriteConsoleW};

/// The most that one call writes. Windows refuses a call that needs more than 64 KiB.
const LONGEST_WRITE: usize = 8 << 10;

pub(super) fn is_console(file: &File) -> bool {
    let mut mode = 0;
    // SAFETY: the handle is open, and the call writes a `u32` to the local.
    unsafe { GetConsoleMode(file.as_raw_handle(), &raw mut mode) != 0 }
}

pub(super) fn write(console: &File, text: &str) -> io::Result<()> {
    let text: Vec<u16> = text.encode_utf16().collect();
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let length = u32::try_from(rest.len().min(LONGEST_WRITE)).unwrap_or(u32::MAX);
        let mut written = 0;
        // SAFETY: the handle is open, the buffer holds at least `length` units, and the call writes a `u32` to the local.
        let wrote = unsafe {
            WriteConsoleW(console.as_raw_handle(), rest.as_ptr(), length, &raw mut written, std::ptr::null())
        };
        if wrote == 0 {
            return Err(io::Error::last_os_error());
        }
        rest = rest.get(usize::try_from(written).unwrap_or(usize::MAX).max(1)..).unwrap_or_default();
    }
    Ok(())
}
