//! The service, as far as it needs Windows.

use std::ffi::c_void;
use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use lifecycle::{Managed, Teardown};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::SystemServices::DLL_PROCESS_DETACH;

#[lifecycle::resource]
struct Store {
    hangs: bool,
}

#[lifecycle::teardown]
impl Teardown for Store {
    async fn teardown(&self) -> io::Result<()> {
        println!("teardown begins");
        if self.hangs {
            std::future::pending::<()>().await;
        }
        println!("teardown ended");
        Ok(())
    }
}

pub(crate) async fn serve() {
    let obstacle = std::env::args().nth(1).unwrap_or_default();
    let _store: Managed<Store> = lifecycle::manage(Store { hangs: obstacle == "teardown" });
    match obstacle.as_str() {
        "" | "teardown" => {}
        "work" => drop(lifecycle::spawn(std::future::pending::<()>())),
        // SAFETY: the handler is a function without arguments.
        "atexit" => assert_eq!(unsafe { atexit(hang) }, 0),
        "detach" => HANGS_AT_DETACH.store(true, std::sync::atomic::Ordering::Relaxed),
        other => panic!("unknown obstacle `{other}`"),
    }
    lifecycle::ready();
    thread::spawn(raise_events);
    println!("ready");
    lifecycle::stopping().await;
}

/// Raises the events of stdin as Windows does: each one on a thread of its own, in `CtrlRoutine`.
fn raise_events() {
    // SAFETY: both names end with a zero.
    let routine = unsafe {
        GetProcAddress(GetModuleHandleA(c"kernelbase.dll".as_ptr().cast()), c"CtrlRoutine".as_ptr().cast())
    };
    let routine = routine.expect("every Windows has it");
    // SAFETY: the routine is the start of a thread, whose argument is the number of the event.
    let routine: extern "system" fn(*mut c_void) -> u32 = unsafe { std::mem::transmute(routine) };
    for event in io::stdin().lines().map_while(Result::ok) {
        let event: usize = event.parse().expect("the number of an event");
        thread::spawn(move || {
            routine(std::ptr::without_provenance_mut(event));
            println!("the handler of {event} returned");
        });
    }
}
