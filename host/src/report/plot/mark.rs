//! Marks that tell recipes apart without colour: a shape, and a dash once the shapes repeat.

use super::svg::{Svg, px};

/// How many colours the style sheet has; after them colours repeat with other shapes and dashes.
pub const COLORS: usize = 8;

/// The outline of recipe `i`'s mark around a point. The shape shifts by one each time the colours
/// start again, so no two of the first 64 recipes look the same.
pub fn outline(recipe: usize, (x, y): (f64, f64), r: f64) -> String {
    let polygon = |corners: &[(f64, f64)]| {
        let corner = |(i, (dx, dy)): (usize, &(f64, f64))| {
            let letter = if i == 0 { "M" } else { "L" };
            format!("{letter}{} {}", px(x + dx * r), px(y + dy * r))
        };
        let corners: String = corners.iter().enumerate().map(corner).collect();
        corners + "Z"
    };
    match (recipe + recipe / COLORS) % 8 {
        0 => {
            let (left, top, r2) = (px(x - r), px(y), px(2.0 * r));
            let r = px(r);
            format!("M{left} {top}a{r} {r} 0 1 0 {r2} 0a{r} {r} 0 1 0 -{r2} 0Z")
        }
        1 => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        2 => polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
        3 => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        4 => polygon(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
        5 => {
            let (a, b) = (0.4, 1.2);
            polygon(&[
                (-a, -b),
                (a, -b),
                (a, -a),
                (b, -a),
                (b, a),
                (a, a),
                (a, b),
                (-a, b),
                (-a, a),
                (-b, a),
                (-b, -a),
                (-a, -a),
            ])
        }
        6 => {
            let (a, b) = (0.55, 1.15);
            polygon(&[
                (0.0, -a),
                (a, -b),
                (b, -a),
                (a, 0.0),
                (b, a),
                (a, b),
                (0.0, a),
                (-a, b),
                (-b, a),
                (-a, 0.0),
                (-b, -a),
                (-a, -b),
            ])
        }
        _ => polygon(&[(-1.2, -0.5), (1.2, -0.5), (1.2, 0.5), (-1.2, 0.5)]),
    }
}

/// The classes of a recipe's parts: its own, and the dash of its second round of colours.
pub fn class(recipe: usize) -> String {
    match recipe / COLORS {
        0 => format!("r{recipe}"),
        round => format!("r{recipe} dash{}", (round - 1) % 3),
    }
}

/// The little picture beside a recipe's name.
pub fn swatch(recipe: usize) -> String {
    let mut svg = Svg::new(28.0, 12.0, "swatch", "");
    svg.open(&class(recipe));
    svg.polyline("mean", &[(0.0, 6.0), (28.0, 6.0)], None);
    svg.path("mark", &outline(recipe, (14.0, 6.0), 4.0));
    svg.close();
    // A mark without a name: readers of the page hear the name beside it.
    svg.finish().replace(" role=\"img\" aria-label=\"\"", " aria-hidden=\"true\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn many_recipes_look_different() {
        let looks: BTreeSet<(usize, String)> =
            (0..64).map(|i| (i % COLORS, outline(i, (0.0, 0.0), 4.0))).collect();
        assert_eq!(looks.len(), 64);
        assert_eq!(
            (class(7), class(8), class(32)),
            ("r7".into(), "r8 dash0".into(), "r32 dash0".into())
        );
    }
}
