//! Writes SVG elements. Coordinates are pixels from the upper left corner. What has no finite place
//! is left out: a training may diverge, and a picture shows what can be shown.

use std::fmt::Write as _;

use super::super::markup::escape;

/// An SVG picture that grows element by element.
pub struct Svg {
    out: String,
}

/// On which side of its point a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// `label` is what a screen reader says; `class` is the page's.
    pub fn new(width: f64, height: f64, class: &str, label: &str) -> Self {
        let (w, h) = (px(width), px(height));
        let label = escape(label);
        Self {
            out: format!(
                "<svg class=\"{class}\" viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{label}\">\n"
            ),
        }
    }

    pub fn open(&mut self, class: &str) {
        self.add(format_args!("<g class=\"{class}\">\n"));
    }

    pub fn close(&mut self) {
        self.out.push_str("</g>\n");
    }

    /// From here to [`Self::unclip`] only what lies inside the rectangle is seen. A nested picture
    /// needs no id, which would have to be unique in the page.
    pub fn clip(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let [x, y, w, h] = [x, y, width, height].map(px);
        self.add(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\">\n"
        ));
    }

    pub fn unclip(&mut self) {
        self.out.push_str("</svg>\n");
    }

    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let ends = [x1, y1, x2, y2];
        if !ends.iter().all(|c| c.is_finite()) {
            return;
        }
        let [x1, y1, x2, y2] = ends.map(px);
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>\n"
        ));
    }

    /// Straight lines through the points; with `hover`, that text appears under the pointer.
    pub fn polyline(&mut self, class: &str, points: &[(f64, f64)], hover: Option<&str>) {
        let placed: Vec<_> =
            points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        if placed.len() < 2 {
            return;
        }
        self.add(format_args!("<path class=\"{class}\" d=\""));
        for (i, (x, y)) in placed.into_iter().enumerate() {
            self.add(format_args!("{}{} {}", if i == 0 { "M" } else { "L" }, px(*x), px(*y)));
        }
        self.out.push('"');
        self.end("path", hover);
    }

    /// The area between two edges that run over the same x.
    pub fn band(&mut self, class: &str, upper: &[(f64, f64)], lower: &[(f64, f64)]) {
        let edge: Vec<_> = upper.iter().chain(lower.iter().rev()).copied().collect();
        self.polyline(class, &edge, None);
    }

    /// Any path, for marks.
    pub fn path(&mut self, class: &str, d: &str) {
        self.add(format_args!("<path class=\"{class}\" d=\"{d}\"/>\n"));
    }

    pub fn circle(&mut self, class: &str, (x, y): (f64, f64), r: f64, hover: Option<&str>) {
        if !(x.is_finite() && y.is_finite()) {
            return;
        }
        let [x, y, r] = [x, y, r].map(px);
        self.add(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\""));
        self.end("circle", hover);
    }

    /// A rectangle in a colour of its own, since it stands for a value.
    pub fn rect(&mut self, fill: &str, (x, y): (f64, f64), w: f64, h: f64, hover: Option<&str>) {
        let [x, y, w, h] = [x, y, w, h].map(px);
        self.add(format_args!(
            "<rect fill=\"{fill}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""
        ));
        self.end("rect", hover);
    }

    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let [x, y] = [x, y].map(px);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = escape(text);
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>\n"
        ));
    }

    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    fn end(&mut self, element: &str, hover: Option<&str>) {
        match hover.map(escape) {
            Some(text) => self.add(format_args!("><title>{text}</title></{element}>\n")),
            None => self.out.push_str("/>\n"),
        }
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

/// A coordinate in tenths of a pixel, as short as possible.
pub fn px(x: f64) -> String {
    let tenths = (10.0 * x).round();
    match tenths % 10.0 == 0.0 {
        // Adding zero turns −0 into 0.
        true => format!("{}", tenths / 10.0 + 0.0),
        false => format!("{:.1}", tenths / 10.0),
    }
}

/// About how wide a text is at a font size: generous, so that nothing overlaps with another font.
pub fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.0,
        '<' | '>' | '=' | '+' | '~' | '&' | '#' | '_' => 0.86,
        c if c.is_ascii_uppercase() => 0.76,
        c if c.is_ascii() => 0.62,
        '\u{80}'..='\u{2fff}' => 0.72,
        _ => 1.05,
    };
    size * text.chars().map(em).sum::<f64>()
}

/// The same of a bold text.
pub fn bold_width(text: &str, size: f64) -> f64 {
    1.12 * text_width(text, size)
}

/// As many characters of a text as fit, with `…` in the middle where some do not: long names often
/// differ only at their end.
pub fn fitted(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let cut = |kept: usize| -> String {
        let head = chars[..kept.div_ceil(2)].iter();
        let tail = chars[chars.len() - kept / 2..].iter();
        head.chain(&['…']).chain(tail).collect()
    };
    let longest = (0..chars.len()).rev().map(cut).find(|t| text_width(t, size) <= width);
    longest.unwrap_or_else(|| "…".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 0.04, -0.04, 12.36, -3.5].map(px), ["1", "0", "0", "12.4", "-3.5"]);
    }

    #[test]
    fn texts_are_cut_to_their_room() {
        assert_eq!(fitted("mish", 12.0, 100.0), "mish");
        let cut = fitted("a-recipe-with-a-very-long-name-17", 12.0, 100.0);
        assert!(cut.starts_with("a-r") && cut.ends_with("-17"), "{cut}");
        assert!(cut.contains('…') && text_width(&cut, 12.0) <= 100.0, "{cut}");
        assert_eq!(fitted("mish", 12.0, 1.0), "…");
    }

    #[test]
    fn elements_carry_escaped_hover_texts() {
        let mut svg = Svg::new(10.0, 5.0, "p", "a \"b\"");
        svg.circle("c", (1.0, 2.0), 3.0, Some("<x>"));
        svg.polyline("l", &[(0.0, 0.0)], None);
        assert_eq!(
            svg.finish(),
            "<svg class=\"p\" viewBox=\"0 0 10 5\" role=\"img\" aria-label=\"a &quot;b&quot;\">\n\
             <circle class=\"c\" cx=\"1\" cy=\"2\" r=\"3\"><title>&lt;x&gt;</title></circle>\n</svg>\n"
        );
    }
}
