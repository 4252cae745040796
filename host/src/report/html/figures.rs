//! The pictures with their captions.

use super::super::markup::escape;
use super::super::plot::{self, Cost, Metric, Size, Which};
use super::super::run::{Run, Split};
use super::super::summary::{Block, Summary};
use super::super::{format, words};

const SIZES: [Size; 2] = [Size::Wide, Size::Narrow];

/// Accuracy and gain against sparsity.
pub fn comparison(summary: &Summary<'_>, block: &Block<'_>) -> String {
    let mut out = String::new();
    let pictures = SIZES.map(|size| plot::accuracy(summary, block, size));
    let several = summary.cells().any(|c| c.samples.len() > 1);
    let dashed = pictures.iter().flatten().any(|p| p.contains("class=\"dense\""));
    let caption = match several {
        true => {
            "Line and mark: mean over seeds. Points: single seeds. Band: 95 % t interval of the \
             mean."
        }
        false => "One seed, so no interval.",
    };
    let dense = if dashed { " Dashed: the dense baseline." } else { "" };
    out += &figure("Accuracy against sparsity", pictures, &format!("{caption}{dense}"));

    let Some(caption) = words::gain_caption(summary) else { return out };
    let points = match several {
        true => " Points: single seeds. Bars: the intervals; with an arrow, they go on.",
        false => "",
    };
    let base = summary.recipes[summary.baseline];
    for (which, title, what) in [
        (Which::Gain, format!("Gain over {base}"), caption.as_str()),
        (Which::Excess, "What of it is the ticket’s".to_owned(), words::EXCESS),
    ] {
        let pictures = SIZES.map(|size| plot::gain(summary, block, size, which));
        out += &figure(&title, pictures, &format!("{}.{points}", format::capital(what)));
    }
    out
}

/// Accuracy against what is paid for it.
pub fn costs(summary: &Summary<'_>, block: &Block<'_>) -> String {
    let pictures = Cost::ALL.into_iter().filter_map(|cost| plot::cost(summary, block, cost));
    let pictures: String = pictures.collect();
    if pictures.is_empty() {
        return String::new();
    }
    format!(
        "<section>\n<h3>At equal cost</h3>\n<figure class=\"halves\">\n{pictures}</figure>\n\
         <p class=\"note\">Mean test accuracy at each sparsity against mean cost, on a log scale. Of \
         two recipes with the same cost the higher one is better. Weights during training count \
         those that tweaks add; after export a skip that has faded is gone.</p>\n</section>\n"
    )
}

/// Training curves and the heat map of layers.
pub fn insight(run: &Run, summary: &Summary<'_>, block: &Block<'_>) -> String {
    let curves = |metric| {
        let (split, pictures) = plot::curves(&run.rows, summary, block, metric)?;
        Some((split, format!("<figure class=\"grid\">\n{}</figure>\n", pictures.concat())))
    };
    let mut out = String::new();
    if let Some((split, grid)) = curves(Metric::Accuracy) {
        out += &format!(
            "<section>\n<h3>Training curves</h3>\n{grid}<p class=\"note\">Accuracy in % on the {} \
             data by epoch, mean over seeds.</p>\n</section>\n",
            split_name(split)
        );
    }
    if let Some((_, grid)) = curves(Metric::TrainingLoss) {
        out += &format!(
            "<details>\n<summary>Training loss</summary>\n{grid}<p class=\"note\">Loss in nats on \
             the training data by epoch, mean over seeds; recipes with another loss function are \
             not on one scale.</p>\n</details>\n"
        );
    }
    let settings = plot::settings(&run.rows, summary, block).concat();
    if !settings.is_empty() {
        out += &format!(
            "<section>\n<h3>Learning rate and knobs</h3>\n<figure class=\"grid\">\n{settings}\
             </figure>\n<p class=\"note\">By epoch, after its last step; of each recipe’s first \
             job.</p>\n</section>\n"
        );
    }
    let pictures = SIZES.map(|size| plot::heatmap(run, summary, block, size));
    let caption = "Kept share of each layer in %, mean over seeds. Hover for counts and dead \
                   channels; red is a layer without weights.";
    out + &figure("Where weights survive", pictures, caption)
}

fn split_name(split: Split) -> &'static str {
    match split {
        Split::Train => "training",
        Split::Validation => "validation",
        Split::Test => "test",
    }
}

/// One picture in both sizes, of which the page shows the one that fits. Nothing without pictures.
fn figure(title: &str, pictures: [Option<String>; 2], caption: &str) -> String {
    let pictures: String = pictures.into_iter().flatten().collect();
    if pictures.is_empty() {
        return String::new();
    }
    format!(
        "<section>\n<h3>{}</h3>\n<figure>\n{pictures}<figcaption>{}</figcaption>\n</figure>\n\
         </section>\n",
        escape(title),
        escape(caption)
    )
}
