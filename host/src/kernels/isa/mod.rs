//! Which instructions the processor has, and each micro-kernel compiled for them.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernels;
mod portable;
pub(crate) mod simd;

use std::sync::OnceLock;

use super::micro::gather::Gather;
use super::micro::weight::Weight;

/// Instructions to compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512F: sixteen numbers at once.
    Avx512,
    /// AVX2 and FMA: eight numbers at once.
    Avx2,
    /// What every processor has; eight numbers at once, as well as the compiler can.
    Portable,
}

/// The most columns of a tile that kernels exist for.
pub(crate) const MAX_COLS: usize = 4;

pub(crate) type GatherFn = unsafe fn(&Gather<'_>);
pub(crate) type WeightFn = unsafe fn(&Weight<'_>);
pub(crate) type Whole = (GatherFn, WeightFn);

impl Isa {
    /// The best that this processor has and that `ATEN_CPU_CAPABILITY` allows, the variable that
    /// limits libtorch's own kernels: who limits those means these, too.
    pub fn best() -> Self {
        Self::allowed().next().unwrap_or(Self::Portable)
    }

    /// What may be used, best first.
    fn allowed() -> impl Iterator<Item = Self> {
        static LIMIT: OnceLock<Option<String>> = OnceLock::new();
        let limit = LIMIT.get_or_init(|| std::env::var("ATEN_CPU_CAPABILITY").ok());
        Self::within(limit.as_deref())
    }

    /// Libtorch passes over a limit that it does not know, and so does this.
    fn within(limit: Option<&str>) -> impl Iterator<Item = Self> {
        let too_good = match limit {
            Some("default") => 2,
            Some("avx2") => 1,
            _ => 0,
        };
        Self::ALL.into_iter().skip(too_good).filter(|isa| isa.is_there())
    }

    /// Best first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// Whether this processor has it.
    pub fn is_there(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Numbers in a register, hence images in a block of the layout.
    pub fn lanes(self) -> usize {
        match self {
            Self::Avx512 => 16,
            Self::Avx2 | Self::Portable => 8,
        }
    }

    /// Rows of the largest tile, which with [`MAX_COLS`] columns leaves registers to spare.
    pub(crate) fn rows(self) -> usize {
        match self {
            Self::Avx512 => 4,
            Self::Avx2 | Self::Portable => 2,
        }
    }

    /// Forms [`CHAINS`] sums of `steps` products from registers, and hides the result from the
    /// compiler. Nothing where the processor lacks the instructions.
    pub(crate) fn chains(self, a: f32, b: f32, steps: usize) {
        if !self.is_there() {
            return;
        }
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: it is there.
            Self::Avx512 => unsafe { avx512::chains(a, b, steps) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: it is there.
            Self::Avx2 => unsafe { avx2::chains(a, b, steps) },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => {}
            // SAFETY: every processor can.
            Self::Portable => unsafe { portable::chains(a, b, steps) },
        }
    }

    /// Does work that is inlined here, compiled for these instructions. Does nothing where the
    /// processor lacks them.
    pub(crate) fn run(self, work: impl FnOnce()) {
        if !self.is_there() {
            return;
        }
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: it is there.
            Self::Avx512 => unsafe { avx512::run(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: it is there.
            Self::Avx2 => unsafe { avx2::run(work) },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => {}
            Self::Portable => work(),
        }
    }

    /// The best whose registers hold so many numbers.
    pub(crate) fn with_lanes(lanes: usize) -> Option<Self> {
        Self::allowed().find(|isa| isa.lanes() == lanes)
    }
}

/// Results of more numbers than this go past the caches: the second one would lose them before
/// anybody reads them, and would first fetch what they replace.
pub(crate) const PAST: usize = (2 << 20) / size_of::<f32>();

/// Makes what was stored past the caches visible to other threads before anything that follows.
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has it.
    #[allow(unused_unsafe)]
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// The functions of one vector unit, with its instructions switched on, and their tables.
macro_rules! entries {
    ($unit:ty $(, $features:literal)?) => {
        $(
            #[target_feature(enable = $features)]
            pub(super) unsafe fn run(work: impl FnOnce()) {
                work();
            }
        )?

        $crate::kernels::micro::norm::entries!($unit $(, $features)?);
        $crate::kernels::micro::depthwise::entries!($unit $(, $features)?);
        $crate::kernels::micro::activation::entries!($unit $(, $features)?);

        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn line(job: &$crate::kernels::micro::line::Line<'_>) {
            // SAFETY: the caller's promises are the same.
            unsafe { $crate::kernels::micro::line::line::<$unit>(job) }
        }

        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn chains(a: f32, b: f32, steps: usize) {
            // SAFETY: the caller's promises are the same.
            unsafe { $crate::kernels::micro::chains::<$unit>(a, b, steps) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn gather<const R: usize, const C: usize, const S: usize>(
            job: &$crate::kernels::micro::gather::Gather<'_>,
        ) {
            // SAFETY: the caller's promises are the same.
            unsafe { $crate::kernels::micro::gather::gather::<$unit, R, C, S>(job) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn weight<const R: usize, const C: usize, const S: usize>(
            job: &$crate::kernels::micro::weight::Weight<'_>,
        ) {
            // SAFETY: the caller's promises are the same.
            unsafe { $crate::kernels::micro::weight::weight::<$unit, R, C, S>(job) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn gather_whole<const I: usize, const S: usize>(
            job: &$crate::kernels::micro::gather::Gather<'_>,
        ) {
            // SAFETY: the caller's promises are the same.
            unsafe { $crate::kernels::micro::whole::gather::<$unit, I, S>(job) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn weight_whole<const I: usize, const S: usize>(
            job: &$crate::kernels::micro::weight::Weight<'_>,
        ) {
            // SAFETY: the caller's promises are the same.
            unsafe { $crate::kernels::micro::whole::weight::<$unit, I, S>(job) }
        }

        /// Kernels for this many blocks of images with this side.
        pub(super) fn whole_of(images: usize, side: usize) -> Option<$crate::kernels::isa::Whole> {
            Some(match (images, side) {
                (1, 2) => (gather_whole::<1, 2>, weight_whole::<1, 2>),
                (2, 2) => (gather_whole::<2, 2>, weight_whole::<2, 2>),
                (3, 2) => (gather_whole::<3, 2>, weight_whole::<3, 2>),
                (4, 2) => (gather_whole::<4, 2>, weight_whole::<4, 2>),
                (1, 4) => (gather_whole::<1, 4>, weight_whole::<1, 4>),
                _ => return None,
            })
        }

        $crate::kernels::isa::table!(gather_of, gather, $crate::kernels::isa::GatherFn);
        $crate::kernels::isa::table!(weight_of, weight, $crate::kernels::isa::WeightFn);
    };
}

/// From a tile's size to the function compiled for it.
macro_rules! table {
    ($name:ident, $function:ident, $type:ty) => {
        $crate::kernels::isa::table!(@ $name, $function, $type,
            (1 1) (1 2) (1 3) (1 4) (2 1) (2 2) (2 3) (2 4)
            (3 1) (3 2) (3 3) (3 4) (4 1) (4 2) (4 3) (4 4));
    };
    (@ $name:ident, $function:ident, $type:ty, $(($rows:literal $cols:literal))*) => {
        pub(super) fn $name(rows: usize, cols: usize, step: usize) -> Option<$type> {
            match (rows, cols, step) {
                $(
                    ($rows, $cols, 1) => Some($function::<$rows, $cols, 1>),
                    ($rows, $cols, 2) => Some($function::<$rows, $cols, 2>),
                )*
                _ => None,
            }
        }
    };
}

pub(crate) use {entries, table};

#[cfg(test)]
mod tests {
    use super::Isa;

    #[test]
    fn libtorchs_limit_is_kept() {
        let best = |limit| Isa::within(limit).next();
        assert_eq!(best(Some("default")), Some(Isa::Portable));
        assert_ne!(best(Some("avx2")), Some(Isa::Avx512));
        assert_eq!(best(Some("vsx")), best(None));
        assert_eq!(Isa::within(Some("avx2")).last(), Some(Isa::Portable));
    }
}
