//! The parts of a training step, for whoever measures them.

/// A part of a step, in the order in which they follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Gathering the batch's images and labels, and converting them to f32.
    Data,
    /// The augmentations, and normalising.
    Augmentation,
    /// The network's outputs (and the teacher's), and the loss.
    Forward,
    /// The gradients.
    Backward,
    /// Masks, the optimizer, masks that move.
    Optimizer,
    /// Counting what was recognised, and adding up.
    Metrics,
}

impl Part {
    pub const ALL: [Self; 6] = [
        Self::Data,
        Self::Augmentation,
        Self::Forward,
        Self::Backward,
        Self::Optimizer,
        Self::Metrics,
    ];

    /// As results name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Augmentation => "augmentation",
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Optimizer => "optimizer",
            Self::Metrics => "metrics",
        }
    }
}

/// Hears of each part when it is done.
pub type Passed<'p> = &'p mut dyn FnMut(Part);

/// For those who do not listen.
pub fn unheard(_: Part) {}
