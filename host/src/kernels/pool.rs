//! Buffers that are used again and again, with their margins still zero.
//!
//! Fresh memory costs more than many a kernel: the system clears each page when it is first
//! touched. And a margin that was zero stays so, since no kernel writes there.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffer::Buffer;
use super::frame::Frame;

/// Buffers that nobody uses at present, by their layout.
#[derive(Default)]
pub struct Pool {
    free: Mutex<HashMap<Frame, Vec<Buffer>>>,
}

impl Pool {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Room for so many images. Margins are zero; the rest is whatever was there before.
    pub fn take(self: &Arc<Self>, frame: &Frame, images: usize) -> Pooled {
        let len = frame.len(images);
        let mut free = self.free();
        let list = free.entry(*frame).or_default();
        // The smallest that has room. A larger one has its margins at the same places.
        let fits = (0..list.len()).filter(|&place| list[place].len() >= len);
        let found = fits.min_by_key(|&place| list[place].len());
        let buffer = found.map(|place| list.swap_remove(place));
        drop(free);
        let buffer = buffer.unwrap_or_else(|| Buffer::zeros(len));
        Pooled { buffer: Some(buffer), len, frame: *frame, home: self.clone() }
    }

    fn free(&self) -> MutexGuard<'_, HashMap<Frame, Vec<Buffer>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer on loan; it goes back when it is dropped.
pub struct Pooled {
    /// There until it is dropped.
    buffer: Option<Buffer>,
    len: usize,
    frame: Frame,
    home: Arc<Pool>,
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.home.free().entry(self.frame).or_default().push(buffer);
        }
    }
}

impl Deref for Pooled {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.buffer.as_deref().map_or(&[], |numbers| &numbers[..self.len])
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut [f32] {
        self.buffer.as_deref_mut().map_or(&mut [], |numbers| &mut numbers[..self.len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_with_its_zero_margins() {
        let frame = Frame::new(8, 2, 3, 3, [1, 1]);
        let pool = Pool::new();
        let mut first = pool.take(&frame, 20);
        let at = frame.at(19, 1, 2, 2);
        first[at] = 5.0;
        let place = first.as_ptr();
        drop(first);
        // Fewer images fit into it, too.
        let again = pool.take(&frame, 9);
        assert_eq!((again.as_ptr(), again.len()), (place, frame.len(9)));
        let other = pool.take(&frame, 9);
        assert_ne!(other.as_ptr(), place);
        drop(again);
        let whole = pool.take(&frame, 20);
        assert_eq!(whole[at], 5.0, "only margins are promised");
        assert!(whole[..frame.lead()].iter().all(|&number| number == 0.0));
    }
}
