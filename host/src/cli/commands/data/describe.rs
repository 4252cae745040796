//! A dataset in words.

use crate::cli::failure::Failure;
use crate::cli::words;
use crate::data::{Data, Normalisation, Split};

/// What it has; `origin` says whether it is the published one.
pub fn description(data: &Data, origin: Option<&str>, classes: bool) -> Result<String, Failure> {
    let [channels, height, width] = data.shape;
    let numbers = |values: &[f32]| {
        let texts: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
        texts.join(", ")
    };
    let mut rows = vec![
        ["dataset".to_owned(), data.name.clone()],
        ["images".to_owned(), format!("{channels}×{height}×{width} (channels, height, width)")],
    ];
    let splits: Vec<(&str, &Split)> =
        [("train", &data.train), ("validation", &data.validation), ("test", &data.test)]
            .into_iter()
            .filter(|(_, split)| !split.is_empty())
            .collect();
    let mut counted = Vec::new();
    for (name, split) in &splits {
        let of_class = counts(split)?;
        rows.push([(*name).to_owned(), summary(&of_class)]);
        counted.push(of_class);
    }
    let names = data.label_names.as_ref().map(|names| match names.as_slice() {
        [first, .., last] => format!(" ({first} to {last})"),
        _ => String::new(),
    });
    let count = format!("{}{}", data.classes, names.unwrap_or_default());
    let measured = Normalisation::measured(&data.train, data.shape)
        .map_err(|error| Failure::other(format!("the images cannot be read: {error}")))?;
    rows.extend([
        ["classes".to_owned(), count],
        ["mean".to_owned(), numbers(&data.mean)],
        ["std".to_owned(), numbers(&data.std)],
        [
            "measured".to_owned(),
            format!(
                "mean {}; std {} (of the training images)",
                numbers(&measured.mean),
                numbers(&measured.std)
            ),
        ],
        ["sha256".to_owned(), data.sha256.clone()],
    ]);
    rows.extend(origin.map(|origin| ["published".to_owned(), origin.to_owned()]));
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    let mut text = words::columns(&rows, 1, usize::MAX);
    if classes {
        text.push('\n');
        text.push_str(&table(data, &splits, &counted));
    }
    Ok(text)
}

/// How many images each class has.
fn counts(split: &Split) -> Result<Vec<usize>, Failure> {
    let labels: Vec<i64> = Vec::try_from(&split.labels)
        .map_err(|error| Failure::other(format!("the labels cannot be read: {error}")))?;
    let mut of_class = vec![0_usize; split.classes];
    for label in labels.iter().filter_map(|&label| usize::try_from(label).ok()) {
        if let Some(count) = of_class.get_mut(label) {
            *count += 1;
        }
    }
    Ok(of_class)
}

/// `50000 images, 500 of each class`.
fn summary(of_class: &[usize]) -> String {
    let (least, most) = (of_class.iter().min(), of_class.iter().max());
    let (least, most) = (least.copied().unwrap_or(0), most.copied().unwrap_or(0));
    let each = match least == most {
        true => format!("{least} of each class"),
        false => format!("{least} to {most} of a class (--classes shows each)"),
    };
    format!("{}, {each}", words::plural(of_class.iter().sum(), "image"))
}

/// A row for each class: its number, its name, its images in each split.
fn table(data: &Data, splits: &[(&str, &Split)], counted: &[Vec<usize>]) -> String {
    let mut rows = vec![vec!["class".to_owned(), "name".to_owned()]];
    rows[0].extend(splits.iter().map(|(name, _)| (*name).to_owned()));
    for class in 0..data.classes {
        let name = data.label_names.as_ref().and_then(|names| names.get(class));
        let mut row = vec![class.to_string(), name.cloned().unwrap_or_default()];
        row.extend(counted.iter().map(|of| of.get(class).copied().unwrap_or(0).to_string()));
        rows.push(row);
    }
    words::columns(&rows, 1, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DataConfig, DatasetChoice};
    use crate::data::{self, Unwatched};

    #[test]
    fn a_dataset_in_words() {
        let config = DataConfig {
            validation: 100,
            mean: Some(vec![0.5; 3]),
            std: Some(vec![0.25; 3]),
            test_limit: Some(25),
            ..DataConfig::whole(DatasetChoice::Synthetic, None)
        };
        let data = data::load(&config, &Unwatched).unwrap();
        let text = description(&data, Some("unknown"), true).unwrap();
        for line in [
            "dataset     synthetic",
            "images      3×32×32 (channels, height, width)",
            "train       1900 images, 190 of each class",
            "validation  100 images, 10 of each class",
            "test        25 images, 2 to 3 of a class (--classes shows each)",
            "mean        0.5000, 0.5000, 0.5000",
            "published   unknown",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let table: Vec<&str> = text.split("\n\n").nth(1).unwrap_or_default().lines().collect();
        assert_eq!(table.len(), 11);
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(table[0]), ["class", "name", "train", "validation", "test"]);
        assert_eq!(words(table[1])[2..], ["190", "10", "3"]);
        // Independent of the constants that normalise: of the pixels themselves.
        let measured = text.lines().find(|line| line.starts_with("measured")).unwrap_or_default();
        assert!(!measured.contains("0.5000, 0.5000, 0.5000"), "{measured}");
    }
}
