//! Between PyTorch's layout (NCHW) and the blocked one.

use super::error::{KernelError, check_length};
use super::frame::Frame;
use super::isa::Isa;
use super::threads::Threads;

/// Pixels of each image that are carried over at a time.
const STRIP: usize = 16;

impl Frame {
    /// Numbers of so many images in NCHW.
    pub fn plain_len(&self, images: usize) -> usize {
        images * self.channels * self.height * self.width
    }

    /// From NCHW. Lanes without an image become zero; margins are left as they are.
    ///
    /// # Errors
    /// When a slice has another length than the frame says.
    pub fn block_up(
        &self,
        images: usize,
        plain: &[f32],
        blocked: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check(images, plain.len(), blocked.len())?;
        let parts: Vec<_> = plain
            .chunks(self.plain_len(self.lanes))
            .zip(blocked[self.lead()..].chunks_exact_mut(self.block()))
            .collect();
        threads.run(parts, |(plain, blocked)| {
            Isa::best().run(
                #[inline(always)]
                || match self.lanes {
                    16 => self.fill::<16>(plain, blocked),
                    8 => self.fill::<8>(plain, blocked),
                    _ => {}
                },
            );
        });
        Ok(())
    }

    /// To NCHW.
    ///
    /// # Errors
    /// As [`Frame::block_up`].
    pub fn unblock(
        &self,
        images: usize,
        blocked: &[f32],
        plain: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check(images, plain.len(), blocked.len())?;
        let parts: Vec<_> = plain
            .chunks_mut(self.plain_len(self.lanes))
            .zip(blocked[self.lead()..].chunks_exact(self.block()))
            .collect();
        threads.run(parts, |(plain, blocked)| {
            Isa::best().run(
                #[inline(always)]
                || match self.lanes {
                    16 => self.empty::<16>(blocked, plain),
                    8 => self.empty::<8>(blocked, plain),
                    _ => {}
                },
            );
        });
        Ok(())
    }

    fn check(&self, images: usize, plain: usize, blocked: usize) -> Result<(), KernelError> {
        if ![8, 16].contains(&self.lanes) || self.plain_len(1) == 0 {
            let what = format!("blocks of {} images of {} numbers", self.lanes, self.plain_len(1));
            return Err(KernelError::Shape { what });
        }
        check_length("the images", plain, self.plain_len(images))?;
        check_length("the blocked images", blocked, self.len(images))
    }

    #[inline(always)]
    fn fill<const LANES: usize>(&self, plain: &[f32], blocked: &mut [f32]) {
        let pixels = self.height * self.width;
        for channel in 0..self.channels {
            let to = &mut blocked[channel * self.plane()..][..self.plane()];
            for start in (0..pixels).step_by(STRIP) {
                let count = STRIP.min(pixels - start);
                let mut tile = [[0.0f32; STRIP]; LANES];
                for (lane, image) in tile.iter_mut().zip(plain.chunks_exact(self.plain_len(1))) {
                    let from = &image[channel * pixels + start..][..count];
                    lane[..count].copy_from_slice(from);
                }
                for pixel in 0..count {
                    let numbers: [f32; LANES] = std::array::from_fn(|lane| tile[lane][pixel]);
                    to[self.pixel(start + pixel)..][..LANES].copy_from_slice(&numbers);
                }
            }
        }
    }

    #[inline(always)]
    fn empty<const LANES: usize>(&self, blocked: &[f32], plain: &mut [f32]) {
        let pixels = self.height * self.width;
        for channel in 0..self.channels {
            let from = &blocked[channel * self.plane()..][..self.plane()];
            for start in (0..pixels).step_by(STRIP) {
                let count = STRIP.min(pixels - start);
                let mut tile = [[0.0f32; LANES]; STRIP];
                for (pixel, numbers) in tile.iter_mut().enumerate().take(count) {
                    numbers.copy_from_slice(&from[self.pixel(start + pixel)..][..LANES]);
                }
                for (lane, image) in plain.chunks_exact_mut(self.plain_len(1)).enumerate() {
                    let row: [f32; STRIP] = std::array::from_fn(|pixel| tile[pixel][lane]);
                    image[channel * pixels + start..][..count].copy_from_slice(&row[..count]);
                }
            }
        }
    }

    /// Where the pixel of this number lies in its channel.
    #[inline(always)]
    fn pixel(&self, number: usize) -> usize {
        number / self.width * self.row() + number % self.width * self.lanes
    }
}
