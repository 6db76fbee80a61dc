//! An allocator whose calls cost the same each time, and are counted.
//!
//! The C library's `malloc` takes 20 to 300 instructions, depending on which pieces are free. That depends on the length of
//! a path or of a variable, and hides a change of ours.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory of one run. What is freed is not used again. The system provides a page at its first use.
const SIZE: usize = 1 << 30;

#[repr(align(4096))]
struct Memory(UnsafeCell<[u8; SIZE]>);

// SAFETY: each piece is given once, to one caller.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; SIZE]));

/// Counts the calls.
pub(crate) struct Counting {
    calls: AtomicUsize,
    used: AtomicUsize,
}

impl Counting {
    pub(crate) const fn new() -> Counting {
        Counting { calls: AtomicUsize::new(0), used: AtomicUsize::new(0) }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

// SAFETY: the pieces do not overlap, because `used` only grows. Each is within the memory, aligned, and never given again.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // Room for the alignment, which is a power of two. A multiple of 16 keeps the copies of equal pieces equal.
        let align = layout.align().max(16);
        let room = (layout.size() + align).next_multiple_of(16);
        let start = self.used.fetch_add(room, Ordering::Relaxed).next_multiple_of(align);
        if start + layout.size() > SIZE || align > 4096 {
            return std::ptr::null_mut();
        }
        // SAFETY: the offset is within the memory.
        unsafe { MEMORY.0.get().cast::<u8>().add(start) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
