//! A picture of the page as a file of its own: with size, colours and a white ground, since there
//! is no page around it. Always the light colours: it goes into a paper.

use super::COLORS;

/// What the page's pictures and these have in common; colours are variables in it.
const STYLE: &str = include_str!("../html/style.css");

/// Between these lines of the style sheet stands all that is about pictures.
const FROM: &str = "/* Pictures. */";
const TO: &str = "/* End of pictures. */";

/// Fonts that look like the page's, where a machine has them.
const FONTS: &str = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/// White around the picture, in its units.
const MARGIN: f64 = 10.0;

/// The picture with everything it needs. `recipes`: as many colours are in use.
pub fn alone(picture: &str, recipes: usize) -> Option<String> {
    let (head, body) = picture.split_once('>')?;
    let view = head.split_once("viewBox=\"0 0 ")?.1.split_once('"')?.0;
    let (width, height) = view.split_once(' ')?;
    let side = |length: &str| length.parse::<f64>().ok().map(|length| length + 2.0 * MARGIN);
    let (w, h) = (side(width)?, side(height)?);
    let rest = head.split_once(&format!("viewBox=\"0 0 {view}\""))?.1;
    let style = style(recipes);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"-{MARGIN} -{MARGIN} {w} {h}\" font-family=\"{FONTS}\"{rest}>\n\
         <style>\n{style}</style>\n<rect x=\"-{MARGIN}\" y=\"-{MARGIN}\" width=\"{w}\" \
         height=\"{h}\" fill=\"#ffffff\"/>{body}"
    ))
}

/// The rules about pictures, without variables: programs that draw SVG do not know them.
fn style(recipes: usize) -> String {
    let colors = colors();
    let color = |name: &str| {
        let found = colors.iter().find(|(known, _)| *known == name);
        found.map_or("#000000", |(_, color)| color)
    };
    let rules = STYLE.split_once(FROM).and_then(|(_, rest)| rest.split_once(TO));
    let rules = rules.map(|(rules, _)| rules).unwrap_or_default();
    let mut out = String::new();
    for rule in rules.lines() {
        let Some((selectors, declarations)) = rule.split_once(" { ") else { continue };
        let mut plain = declarations.replace("var(--c, var(--soft))", color("soft"));
        for (name, value) in &colors {
            plain = plain.replace(&format!("var(--{name})"), value);
        }
        if !plain.contains("var(--c)") {
            out += &format!("{selectors} {{ {plain}\n");
        }
        if !declarations.contains("var(--c") {
            continue;
        }
        for recipe in 0..recipes {
            let own = color(&format!("c{}", recipe % COLORS));
            let own = declarations.replace("var(--c, var(--soft))", own).replace("var(--c)", own);
            let own = own.replace("var(--paper)", color("paper"));
            let selectors: Vec<String> = selectors
                .split(", ")
                .map(|one| format!(".r{recipe} {}", one.trim_start_matches("svg ")))
                .collect();
            out += &format!("{} {{ {own}\n", selectors.join(", "));
        }
    }
    out
}

/// The colours of the light page by their names.
fn colors() -> Vec<(&'static str, &'static str)> {
    let root = STYLE.split_once(":root {").and_then(|(_, rest)| rest.split_once('}'));
    let pairs = root.map(|(root, _)| root).unwrap_or_default().split(';');
    let pair = |text: &'static str| text.trim().strip_prefix("--")?.split_once(": ");
    pairs.filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_has_a_value() {
        let style = style(10);
        assert!(!style.contains("var("), "{style}");
        assert!(style.contains(".r1 .mean { stroke: #0072b2;"), "{style}");
        // Colours repeat after eight.
        assert!(style.contains(".r9 .mean { stroke: #0072b2;"), "{style}");
        assert!(style.contains("line.grid { stroke: #eceef1; }"), "{style}");
    }

    #[test]
    fn a_picture_stands_alone() {
        let svg = super::super::svg::Svg::new(10.0, 5.5, "wide", "<label>").finish();
        let alone = alone(&svg, 1).unwrap();
        assert!(
            alone.starts_with(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"25.5\""
            )
        );
        assert!(alone.contains("aria-label=\"&lt;label&gt;\">\n<style>"), "{alone}");
        assert!(alone.ends_with("</svg>\n"));
    }
}
