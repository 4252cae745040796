//! The report's pictures as SVG that is part of the page: colours come from the page's style
//! sheet, so that one picture serves light, dark and print.
//!
//! Every picture is a function from numbers to a string. Recipe `i` has class `r<i>`, by which the
//! page colours it and switches it off.

mod accuracy;
mod alone;
mod cost;
mod curves;
mod frame;
mod gain;
mod heatmap;
mod labels;
mod mark;
mod scale;
mod settings;
mod svg;

pub use accuracy::accuracy;
pub use alone::alone;
pub use cost::{Cost, cost};
pub use curves::{Metric, curves};
pub use gain::{Which, gain};
pub use heatmap::heatmap;
pub use mark::{COLORS, class, swatch};
pub use settings::settings;

/// How large a picture is drawn: the page shows the one that fits, so text keeps its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Wide,
    Narrow,
}

impl Size {
    pub fn width(self) -> f64 {
        match self {
            Self::Wide => 1040.0,
            Self::Narrow => 600.0,
        }
    }

    /// The class by which the page picks it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }

    fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}
