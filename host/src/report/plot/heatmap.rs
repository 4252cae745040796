//! Where weights survive: the kept share of every layer at every level, as a heat map on a log
//! scale.

use super::super::format;
use super::super::run::{Layer, Row, Run};
use super::super::summary::{Block, Summary};
use super::Size;
use super::svg::{Anchor, Svg, fitted, text_width};

/// The means over seeds of one layer at one level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tile {
    weights: u64,
    kept: f64,
    dead_outputs: f64,
    dead_inputs: f64,
}

struct Table<'a> {
    layers: Vec<&'a str>,
    /// Place of the level in the block, and one tile per layer.
    columns: Vec<(usize, Vec<Option<Tile>>)>,
}

const TOP: f64 = 56.0;

/// `None` where no layers are stored or nothing is pruned. The masks shown are the draw's own; in a run without them,
/// those of the first recipe that has some.
pub fn heatmap(run: &Run, summary: &Summary<'_>, block: &Block<'_>, size: Size) -> Option<String> {
    let table = collect(run, summary, block)?;
    let longest = table.layers.iter().map(|l| text_width(l, 11.0)).fold(0.0, f64::max);
    let left = longest.min(size.pick(230.0, 130.0)) + 10.0;
    let cell = ((size.width() - left) / table.columns.len() as f64).min(70.0);
    // Deep networks get thin rows with only some names.
    let row = if table.layers.len() > 60 { 7.0 } else { 17.0 };
    let height = TOP + row * table.layers.len() as f64 + 4.0;
    let label = format!("Kept share of each layer by level, draw {}", block.draw);
    let mut svg = Svg::new(size.width(), height, size.class(), &label);
    let tiles = || table.columns.iter().flat_map(|(_, column)| column).flatten();
    if tiles().all(|t| t.share() >= 1.0) {
        return None;
    }
    let shares = tiles().filter(|t| t.kept > 0.0).map(Tile::share);
    let low = shares.fold(1.0, f64::min).min(0.5);
    key(&mut svg, left, low);

    let every = (14.0 / row).ceil() as usize;
    for (i, name) in table.layers.iter().enumerate().step_by(every) {
        let y = TOP + row * (i as f64 + 0.5) + 4.0;
        svg.text("cell", (left - 6.0, y), Anchor::End, &fitted(name, 11.0, left - 10.0));
    }
    for (c, (level, column)) in table.columns.iter().enumerate() {
        let x = left + cell * c as f64;
        let title = block.levels[*level].kept.map(format::sparsity).unwrap_or_default();
        let step = (44.0 / cell).ceil() as usize;
        if c % step == 0 {
            svg.text("cell", (x + cell / 2.0, TOP - 7.0), Anchor::Middle, &title);
        }
        for (i, tile) in column.iter().enumerate() {
            let Some(tile) = tile else { continue };
            let at = (x, TOP + row * i as f64);
            let (share, color) = (tile.share(), color(tile.share(), low));
            let hover = hover(table.layers[i], &title, tile);
            svg.rect(&hex(color), at, cell - 1.0, row - 1.0, Some(&hover));
            let text = format::share(share);
            if row > 12.0 && text_width(&text, 10.0) < cell - 2.0 {
                let class = if luminance(color) > 0.45 { "on-light" } else { "on-dark" };
                svg.text(class, (x + cell / 2.0, at.1 + 12.0), Anchor::Middle, &text);
            }
        }
    }
    Some(svg.finish())
}

/// The colour scale above the map.
fn key(svg: &mut Svg, left: f64, low: f64) {
    let steps = 60;
    let width = 180.0;
    for i in 0..steps {
        let t = i as f64 / (steps - 1) as f64;
        let share = low.powf(1.0 - t);
        let x = left + 44.0 + width * i as f64 / steps as f64;
        svg.rect(&hex(color(share, low)), (x, 4.0), width / steps as f64 + 0.3, 12.0, None);
    }
    svg.text("cell", (left + 38.0, 14.0), Anchor::End, &format!("{} %", format::share(low)));
    svg.text("cell", (left + 50.0 + width, 14.0), Anchor::Start, "100 % kept");
    svg.text("cell", (left, TOP - 22.0), Anchor::Start, "sparsity of the whole network, %");
}

fn collect<'a>(run: &'a Run, summary: &Summary<'_>, block: &Block<'_>) -> Option<Table<'a>> {
    let has = |recipe: Option<&str>| {
        let own = |r: &&Row| r.recipe.as_deref() == recipe && r.draw == block.draw;
        run.rows.iter().filter(own).any(|r| !r.layers.is_empty())
    };
    let recipes = summary.recipes.iter().map(|r| Some(*r));
    let recipe = std::iter::once(None).chain(recipes).find(|r| has(*r))?;
    let rows: Vec<&Row> = run
        .rows
        .iter()
        .filter(|r| r.draw == block.draw && r.recipe.as_deref() == recipe && !r.layers.is_empty())
        .collect();
    let layers: Vec<&str> = rows.first()?.layers.iter().map(|l| l.name.as_str()).collect();
    let columns = block
        .levels
        .iter()
        .enumerate()
        .map(|(i, level)| {
            let here: Vec<&&Row> = rows.iter().filter(|r| r.level == level.number).collect();
            (i, layers.iter().map(|name| Tile::mean(&here, name)).collect())
        })
        .filter(|(_, column): &(usize, Vec<Option<Tile>>)| column.iter().any(Option::is_some))
        .collect();
    let shown = |name: &'a str| name.strip_suffix(".weight").unwrap_or(name);
    Some(Table { layers: layers.into_iter().map(shown).collect(), columns })
}

impl Tile {
    fn mean(rows: &[&&Row], layer: &str) -> Option<Self> {
        let found: Vec<&Layer> =
            rows.iter().filter_map(|r| r.layers.iter().find(|l| l.name == layer)).collect();
        let mean = |of: fn(&Layer) -> u64| {
            found.iter().map(|l| of(l) as f64).sum::<f64>() / found.len() as f64
        };
        Some(Self {
            weights: found.first()?.weights,
            kept: mean(|l| l.kept),
            dead_outputs: mean(|l| l.dead_outputs),
            dead_inputs: mean(|l| l.dead_inputs),
        })
    }

    fn share(&self) -> f64 {
        if self.weights == 0 { 1.0 } else { self.kept / self.weights as f64 }
    }
}

fn hover(layer: &str, sparsity: &str, tile: &Tile) -> String {
    let mut text = format!(
        "{layer}\nat {sparsity} % sparsity: {} % kept\n{} of {} weights",
        format::share(tile.share()),
        format::count(tile.kept.round() as u64),
        format::count(tile.weights)
    );
    for (n, what) in [(tile.dead_outputs, "output"), (tile.dead_inputs, "input")] {
        if n > 0.0 {
            text += &format!("\ndead {what} channels: {}", (n * 10.0).round() / 10.0);
        }
    }
    text
}

/// The share as a colour: from pale yellow (all kept) over green and blue to near black (few
/// kept), evenly falling in lightness, so that it reads in grey, too. An empty layer is red.
fn color(share: f64, low: f64) -> [f64; 3] {
    const STOPS: [[f64; 3]; 5] = [
        [28.0, 16.0, 68.0],
        [52.0, 75.0, 138.0],
        [38.0, 136.0, 141.0],
        [112.0, 196.0, 106.0],
        [249.0, 237.0, 130.0],
    ];
    if share <= 0.0 {
        return [193.0, 18.0, 31.0];
    }
    let t = (1.0 - share.ln() / low.ln()).clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (t.floor() as usize).min(STOPS.len() - 2);
    std::array::from_fn(|k| STOPS[i][k] + (t - i as f64) * (STOPS[i + 1][k] - STOPS[i][k]))
}

fn hex([r, g, b]: [f64; 3]) -> String {
    let [r, g, b] = [r, g, b].map(|x| x.round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// How light a colour looks, in [0, 1].
fn luminance([r, g, b]: [f64; 3]) -> f64 {
    (0.299 * r + 0.587 * g + 0.114 * b) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_darken_evenly_and_empty_layers_stand_out() {
        let lightness: Vec<f64> =
            [0.01, 0.03, 0.1, 0.3, 1.0].map(|s| luminance(color(s, 0.01))).into();
        assert!(lightness.windows(2).all(|w| w[1] > w[0] + 0.05), "{lightness:?}");
        assert_eq!(hex(color(0.0, 0.01)), "#c1121f");
        assert_eq!(hex(color(1.0, 0.01)), "#f9ed82");
    }

    #[test]
    fn tiles_are_means_over_seeds() {
        let layer = |kept| Layer {
            name: "a".into(),
            weights: 10,
            kept,
            dead_outputs: kept,
            dead_inputs: 0,
        };
        let row = |kept| Row {
            layers: vec![layer(kept)],
            learned: vec![],
            ..super::super::super::sample::row(None, 1, 1, 0.5)
        };
        let (a, b) = (row(2), row(4));
        let tile = Tile::mean(&[&&a, &&b], "a").unwrap();
        assert_eq!((tile.kept, tile.share(), tile.dead_outputs), (3.0, 0.3, 3.0));
        assert_eq!(Tile::mean(&[&&a], "b"), None);
    }
}
