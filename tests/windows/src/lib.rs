//! A DLL that never returns from the last call of its `DllMain`.
#![cfg(windows)]

use std::ffi::c_void;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::System::SystemServices::DLL_PROCESS_DETACH;

/// Windows calls it at each event of the process.
#[unsafe(no_mangle)]
extern "system" fn DllMain(_: *mut c_void, reason: u32, _: *mut c_void) -> i32 {
    while reason == DLL_PROCESS_DETACH {
        thread::sleep(Duration::from_secs(1));
    }
    1
}
