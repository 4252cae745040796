//! The pictures of a report as files: SVG, and PNG drawn from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use super::plot::{self, Cost, Size, Which};
use super::read::ReportError;
use super::run::Run;
use super::summary::{Block, Summary};
use super::write::replace;

/// Pixels of a PNG per unit of the SVG: sharp on paper at the usual width of a column.
const SCALE: f32 = 2.0;

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    pub files: Vec<PathBuf>,
    /// Whether there are PNG files: without any font on the machine there would be no text in
    /// them.
    pub png: bool,
}

/// A picture's name and SVG.
type Picture = (String, String);

/// Writes every picture that the run has into `folder`, as `<draw>-accuracy.svg`, `.png`, ….
///
/// # Errors
/// A folder that cannot be written.
pub fn pictures(folder: &Path, run: &Run) -> Result<Written, ReportError> {
    fs::create_dir_all(folder)
        .map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    let fonts = fonts();
    let mut written = Written { png: fonts.is_some(), ..Written::default() };
    for (name, svg) in all(run) {
        let mut put = |ending: &str, bytes: &[u8]| {
            let path = folder.join(format!("{name}.{ending}"));
            replace(&path, bytes)
                .map_err(|source| ReportError::Write { path: path.clone(), source })?;
            written.files.push(path);
            Ok(())
        };
        put("svg", svg.as_bytes())?;
        if let Some(png) = fonts.as_ref().and_then(|fonts| png(&svg, fonts)) {
            put("png", &png)?;
        }
    }
    Ok(written)
}

fn all(run: &Run) -> Vec<Picture> {
    let summary = Summary::of(run);
    let recipes = summary.recipes.len();
    let mut out = Vec::new();
    for block in &summary.blocks {
        let pictures = of_block(run, &summary, block);
        let alone = pictures.into_iter().filter_map(|(what, picture)| {
            Some((file_name(block.draw, &what), plot::alone(&picture?, recipes)?))
        });
        out.extend(alone);
    }
    out
}

fn of_block<'a>(
    run: &'a Run,
    summary: &Summary<'a>,
    block: &Block<'a>,
) -> Vec<(String, Option<String>)> {
    let wide = Size::Wide;
    let cost = |cost: Cost| plot::cost(summary, block, cost);
    let fixed = [
        ("accuracy", plot::accuracy(summary, block, wide)),
        ("gain", plot::gain(summary, block, wide, Which::Gain)),
        ("gain-of-ticket", plot::gain(summary, block, wide, Which::Excess)),
        ("weights-during-training", cost(Cost::Trained)),
        ("weights-after-export", cost(Cost::Exported)),
        ("training-flops", cost(Cost::Training)),
        ("layers", plot::heatmap(run, summary, block, wide)),
    ];
    let settings = plot::settings(&run.rows, summary, block);
    let settings = settings.into_iter().enumerate();
    let settings = settings.map(|(i, picture)| (format!("setting-{i}"), Some(picture)));
    let fixed = fixed.map(|(name, picture)| (name.to_owned(), picture));
    fixed.into_iter().chain(settings).collect()
}

/// Draws of runs that were put together may have names that are no file's.
fn file_name(draw: &str, what: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    let draw: String = draw.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    format!("{}-{what}", draw.trim_start_matches('.'))
}

/// The machine's fonts, with one that stands for `sans-serif`; `None` where there is none.
fn fonts() -> Option<Arc<usvg::fontdb::Database>> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_system_fonts();
    let usual = ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans"];
    let has = |name: &&str| {
        fonts.faces().any(|face| face.families.iter().any(|(family, _)| family == name))
    };
    let first = || fonts.faces().next()?.families.first().map(|(family, _)| family.clone());
    let family = usual.iter().find(|name| has(name)).map(|name| (*name).to_owned());
    let family = family.or_else(first)?;
    fonts.set_sans_serif_family(family);
    Some(Arc::new(fonts))
}

/// `None`: a picture that cannot be drawn, such as one without any extent.
fn png(svg: &str, fonts: &Arc<usvg::fontdb::Database>) -> Option<Vec<u8>> {
    let options = usvg::Options { fontdb: fonts.clone(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).ok()?;
    let size = tree.size().to_int_size().scale_by(SCALE)?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())?;
    let scale = tiny_skia::Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.encode_png().ok()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_picture_is_drawn_and_its_lines_are_where_they_belong() {
        let shape =
            sample::Shape { recipes: &["vanilla", "b", "c"], draws: &["imp"], seeds: 3, levels: 4 };
        let run = sample::large("pictures", &shape);
        let names: Vec<String> = all(&run).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 9, "{names:?}");
        let Some(fonts) = fonts() else { return eprintln!("skipped: no font on this machine") };
        for (name, svg) in all(&run) {
            let png = png(&svg, &fonts).unwrap_or_else(|| panic!("{name}"));
            let image = image::load_from_memory(&png).unwrap().to_rgb8();
            assert_eq!(*image.get_pixel(0, image.height() - 1), image::Rgb([255, 255, 255]));
            let ink = image.pixels().filter(|p| p.0.iter().all(|c| *c < 80)).count();
            assert!(ink > 100, "{name} has text");
            if name == "imp-accuracy" {
                let blue = image::Rgb([0x00, 0x72, 0xb2]);
                assert!(image.pixels().any(|p| *p == blue), "the second recipe's line");
            }
        }
    }

    #[test]
    fn files_replace_older_ones() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/plots");
        pictures(&out, &sample::tiny()).unwrap();
        let written = pictures(&out, &sample::tiny()).unwrap();
        assert_eq!(fs::read_dir(&out).unwrap().count(), written.files.len());
        assert!(written.files.iter().any(|path| path.ends_with("imp-gain-of-ticket.svg")));
        assert_eq!(file_name("../a b", "x"), "-a-b-x", "no way out of the folder");
    }
}
