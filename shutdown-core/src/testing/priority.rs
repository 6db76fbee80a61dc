//! The priority of the threads of a load.

/// Gives the processor to others first, so that many clients on a small machine do not keep it from the service, or from the
/// health check of a load balancer. Nothing happens where a thread has no priority of its own.
pub(super) fn yield_to_others() {
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "std has no priority of a thread")]
    // SAFETY: takes integers. On Linux the process 0 is the calling thread.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
    }
}
