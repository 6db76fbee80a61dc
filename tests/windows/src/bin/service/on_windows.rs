//! The service, as far as it needs Windows.

use std::ffi::{CString, c_void};
use std::io;
use std::thread;
use std::time::Duration;

use lifecycle::{Managed, Teardown};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress, LoadLibraryA};

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
        "dll" => load_a_dll_that_hangs(),
        other => panic!("unknown obstacle `{other}`"),
    }
    lifecycle::ready();
    thread::spawn(raise_events);
    println!("ready");
    lifecycle::stopping().await;
}

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> i32;
}

extern "C" fn hang() {
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Loads the DLL whose last call never returns.
fn load_a_dll_that_hangs() {
    // Where cargo puts the library of a package whose tests it builds.
    let path = std::env::current_exe().expect("a path").with_file_name("deps").join("hangs_at_detach.dll");
    let path = CString::new(path.to_str().expect("text")).expect("no zero");
    // SAFETY: the path ends with a zero, and the DLL does nothing when it is loaded.
    assert!(!unsafe { LoadLibraryA(path.as_ptr().cast()) }.is_null(), "{path:?} is not there");
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
