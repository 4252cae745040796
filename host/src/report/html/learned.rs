//! What the tensors that a recipe's items declared have become: PReLU's slopes, a learned β.

use super::super::markup::escape;
use super::super::run::{Learned, Run};
use super::super::summary::{Block, Line, Summary};
use super::super::{format, plot};

/// Longer tables are folded.
const LONG: usize = 20;

const NOTE: &str = "Mean of each tensor's elements after the last step, over seeds; small: the \
    smallest and the largest element of all of them. The single jobs' are in learned.csv.";

/// A table of tensors by level; nothing where no recipe has tensors of its own.
pub fn learned<'a>(run: &'a Run, summary: &Summary<'a>, block: &Block<'_>) -> String {
    let lines = block.lines.iter().map(|line| (line, rows(run, summary, block, line)));
    let lines: Vec<_> = lines.filter(|(_, rows)| !rows.is_empty()).collect();
    let count: usize = lines.iter().map(|(_, rows)| rows.len()).sum();
    if count == 0 {
        return String::new();
    }
    let open = if count > LONG { "" } else { " open" };
    let mut out = format!(
        "<section>\n<h3>Learned values</h3>\n<details{open}>\n<summary>{}</summary>\n\
         <div class=\"scroll\"><table class=\"numbers\">\n<thead><tr><th>recipe</th>\
         <th>tensor</th>",
        format::plural(count, "tensor")
    );
    for level in &block.levels {
        let title = level.kept.map(format::sparsity).unwrap_or_else(|| "?".to_owned());
        out += &format!("<th class=\"number\">{title}&nbsp;%</th>");
    }
    out += "</tr></thead>\n";
    for (line, rows) in lines {
        out += "<tbody>\n";
        for (k, (name, cells)) in rows.iter().enumerate() {
            out += "<tr>";
            if k == 0 {
                out += &format!(
                    "<th class=\"recipe {}\" rowspan=\"{}\">{} <b>{}</b></th>",
                    plot::class(line.recipe),
                    rows.len(),
                    plot::swatch(line.recipe),
                    escape(line.name)
                );
            }
            out += &format!("<td>{}</td>", escape(name));
            out.extend(cells.iter().map(|found| cell(found)));
            out += "</tr>\n";
        }
        out += "</tbody>\n";
    }
    out + &format!("</table></div>\n<p class=\"note\">{NOTE}</p>\n</details>\n</section>\n")
}

/// By tensor, in the order of the network: at each level the jobs' values, one per seed.
fn rows<'a>(
    run: &'a Run,
    summary: &Summary<'a>,
    block: &Block<'_>,
    line: &Line<'_>,
) -> Vec<(&'a str, Vec<Vec<&'a Learned>>)> {
    let mut found: Vec<(&str, Vec<Vec<&Learned>>)> = Vec::new();
    for row in run.rows.iter().filter(|row| row.draw == block.draw) {
        if summary.label(row) != Some(line.name) {
            continue;
        }
        let Some(level) = block.levels.iter().position(|l| l.number == row.level) else { continue };
        for one in &row.learned {
            let place = match found.iter().position(|(name, _)| *name == one.name) {
                Some(place) => place,
                None => {
                    found.push((&one.name, vec![Vec::new(); block.levels.len()]));
                    found.len() - 1
                }
            };
            found[place].1[level].push(one);
        }
    }
    found
}

fn cell(found: &[&Learned]) -> String {
    if found.is_empty() {
        return "<td></td>".to_owned();
    }
    let mean = found.iter().map(|one| one.mean).sum::<f64>() / found.len() as f64;
    let min = found.iter().map(|one| one.min).fold(f64::INFINITY, f64::min);
    let max = found.iter().map(|one| one.max).fold(f64::NEG_INFINITY, f64::max);
    let spread = match found.iter().any(|one| one.elements > 1) || min != max {
        true => format!("<small>{} … {}</small>", digits(min), digits(max)),
        false => String::new(),
    };
    format!("<td class=\"number\"><data value=\"{mean}\">{}</data>{spread}</td>", digits(mean))
}

/// Three digits after the point, with the sign as in the other tables.
fn digits(x: f64) -> String {
    format!("{x:.3}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn slope(mean: f64, min: f64, max: f64) -> Learned {
        Learned { name: "prelu.relu1.<slope>".to_owned(), elements: 4, mean, min, max }
    }

    #[test]
    fn means_over_seeds_by_level() {
        let mut run = sample::tiny();
        // The recipe with the odd name: seed 1 at levels 0 and 1, seed 2 at level 0.
        let odd = run
            .rows
            .iter_mut()
            .filter(|row| row.recipe.as_deref().is_some_and(|recipe| recipe != "vanilla"));
        let values = [slope(0.25, -0.5, 1.0), slope(0.5, 0.5, 0.5), slope(0.75, -1.0, 0.9)];
        odd.zip(values).for_each(|(row, value)| row.learned = vec![value]);
        let summary = Summary::of(&run);
        let table = learned(&run, &summary, &summary.blocks[0]);
        assert!(table.contains("<summary>1 tensor</summary>"), "{table}");
        assert!(table.contains("prelu.relu1.&lt;slope&gt;"), "{table}");
        // Level 0: the mean of 0.25 and 0.75, from −1 to 1. Level 1: one job.
        assert!(table.contains(">0.500</data><small>−1.000 … 1.000</small>"), "{table}");
        assert!(table.contains(">0.500</data><small>0.500 … 0.500</small>"), "{table}");
    }

    #[test]
    fn nothing_was_declared() {
        let run = sample::tiny();
        let summary = Summary::of(&run);
        assert_eq!(learned(&run, &summary, &summary.blocks[0]), "");
    }
}
