//! Memory for blocked images: aligned to cache lines, in large pages where there are any.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Loads of whole registers must not cross cache lines.
const LINE: usize = 64;
/// A large page. Without them a third of the time can go to looking up addresses.
const PAGE: usize = 2 << 20;

/// Numbers, all zero at first.
pub struct Buffer {
    numbers: NonNull<f32>,
    len: usize,
}

// SAFETY: it owns its memory, as a `Vec<f32>` does.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// So many zeros.
    pub fn zeros(len: usize) -> Self {
        let layout = Self::layout(len);
        // SAFETY: the layout's size is at least a line.
        let Some(numbers) = NonNull::new(unsafe { alloc(layout) }.cast::<f32>()) else {
            handle_alloc_error(layout)
        };
        #[cfg(target_os = "linux")]
        if layout.align() == PAGE {
            // SAFETY: the memory is ours. Advice that is not taken does no harm.
            unsafe { libc::madvise(numbers.as_ptr().cast(), layout.size(), libc::MADV_HUGEPAGE) };
        }
        // SAFETY: `len` numbers fit, and zero bytes are the number 0.
        unsafe { numbers.as_ptr().write_bytes(0, len) };
        Self { numbers, len }
    }

    fn layout(len: usize) -> Layout {
        let size = len * size_of::<f32>();
        let align = if size >= PAGE { PAGE } else { LINE };
        match Layout::from_size_align(size.max(1), align) {
            Ok(layout) => layout.pad_to_align(),
            // More than the address space.
            Err(_) => handle_alloc_error(Layout::new::<f32>()),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.numbers.as_ptr().cast(), Self::layout(self.len)) };
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: so many numbers are there, and none was ever uninitialised.
        unsafe { std::slice::from_raw_parts(self.numbers.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`.
        unsafe { std::slice::from_raw_parts_mut(self.numbers.as_ptr(), self.len) }
    }
}
