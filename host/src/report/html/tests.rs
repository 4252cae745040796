//! The page is well-formed, needs nothing from outside, and says what `results.csv` says.

use super::super::run::Status;
use super::super::{csv, sample};
use super::*;

/// Runs of every kind: small, large, one of everything, unfinished, empty.
fn runs() -> Vec<Run> {
    let shape = |recipes, seeds, levels| sample::Shape {
        recipes,
        draws: &["imp", "s<n>ip"],
        seeds,
        levels,
    };
    let mut unfinished = sample::large("unfinished", &shape(&["vanilla", "b"], 2, 3));
    for (i, row) in unfinished.rows.iter_mut().enumerate().filter(|(i, _)| i % 3 > 0) {
        row.results = None;
        row.status = if i % 3 == 1 { Status::Missing } else { Status::Failed("<why>\n&".into()) };
    }
    let names: Vec<String> = (0..20).map(|i| format!("recipe {i} '\"<&>")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut only_draws = sample::tiny();
    only_draws.rows.truncate(2);
    vec![
        sample::tiny(),
        sample::large("many", &shape(&names, 3, 5)),
        sample::large("one", &shape(&["vanilla"], 1, 1)),
        unfinished,
        only_draws,
        Run { name: "</title><script>alert(1)</script>".into(), ..Run::default() },
    ]
}

/// Every `<…>` of the page outside of style and script: its name, the rest, and whether it closes.
fn tags(page: &str) -> Vec<(String, String, bool)> {
    let mut out = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("an open tag ends");
        let inner = &rest[start + 1..end];
        let closes = inner.starts_with('/');
        let inner = inner.trim_start_matches('/');
        let (name, attributes) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let name = name.trim_end_matches('/').to_owned();
        rest = &rest[end + 1..];
        if !closes && (name == "style" || name == "script") {
            rest = &rest[rest.find(&format!("</{name}>")).expect("it is closed")..];
        }
        out.push((name, attributes.to_owned(), closes));
    }
    out
}

#[test]
fn tags_are_balanced_and_attributes_quoted() {
    for run in runs() {
        let page = html(&run);
        let mut open: Vec<String> = Vec::new();
        for (name, attributes, closes) in tags(&page) {
            assert_eq!(attributes.matches('"').count() % 2, 0, "<{name} {attributes}>");
            if closes {
                assert_eq!(open.pop().as_deref(), Some(name.as_str()), "in {}", run.name);
            } else if !attributes.ends_with('/') && !["!DOCTYPE", "meta", "input"].contains(&&*name)
            {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn nothing_comes_from_outside() {
    for run in runs() {
        let page = html(&run);
        for word in ["http:", "https:", "src=", "href", "url(", "@import", "fetch(", "import "] {
            assert!(!page.contains(word), "{word} in the page of {}", run.name);
        }
        assert!(page.contains("default-src 'none'"));
    }
}

#[test]
fn names_and_reasons_are_escaped() {
    let pages: Vec<String> = runs().iter().map(html).collect();
    assert!(pages[0].contains("mish, &quot;&lt;ghost&gt;&quot; &amp; co"));
    assert!(pages[0].contains("# &lt;&amp;&gt;"), "the config is there, escaped");
    assert!(pages[3].contains("&lt;why&gt;"));
    for page in &pages {
        for raw in ["<ghost>", "<&>", "s<n>ip", "<why>", "<script>alert"] {
            assert!(!page.contains(raw), "{raw}");
        }
    }
    for i in 0..20 {
        assert!(pages[1].contains(&format!("recipe {i} &#39;&quot;&lt;&amp;&gt;")));
        assert!(pages[1].contains(&format!("id=\"show{i}\"")));
        assert!(pages[1].contains(&format!("#show{i}:not(:checked)")));
    }
}

#[test]
fn the_numbers_are_those_of_results_csv() {
    for run in runs() {
        let page = html(&run);
        let jobs = page.split_once("class=\"jobs\"").map(|(_, rest)| rest).unwrap_or_default();
        let jobs = jobs.split("</table>").next().unwrap_or_default();
        let rows: Vec<&str> = jobs.split("<tr><td>").skip(1).collect();
        let expected = csv::parse(&csv(&run));
        assert_eq!(rows.len(), expected.len() - 1);
        for (row, cells) in rows.iter().zip(&expected[1..]) {
            let values: Vec<&str> = row
                .split("<data value=\"")
                .skip(1)
                .filter_map(|piece| piece.split_once('"').map(|(value, _)| value))
                .collect();
            // All of a finished job's numbers but the total, which is that of the dense network.
            let wanted = [4, 6, 7, 8, 9, 10, 11, 13, 17, 14, 16].map(|i| cells[i].as_str());
            let wanted: Vec<&str> = wanted.into_iter().filter(|w| !w.is_empty()).collect();
            assert_eq!(values, wanted);
            assert!(row.contains(cells[5].as_str()), "status {}", cells[5]);
        }
    }
}

#[test]
fn a_full_run_has_every_section_and_both_sizes() {
    let page = html(&runs()[1]);
    for title in [
        "At a glance",
        "Accuracy against sparsity",
        "Gain over recipe 0",
        "What of it is the ticket’s",
        "Numbers",
        "At equal cost",
        "What it costs",
        "Training curves",
        "Learning rate and knobs",
        "Training loss",
        "Where weights survive",
        "Jobs",
        "Config and origin",
    ] {
        assert!(page.contains(title), "{title}");
    }
    // Four pictures in each size for each of the two draws, and three against costs.
    assert_eq!(page.matches("<svg class=\"wide\"").count(), 8);
    assert_eq!(page.matches("<svg class=\"narrow\"").count(), 8);
    assert_eq!(page.matches("<svg class=\"half\"").count(), 6);
    assert!(html(&runs()[5]).contains("No job yet."));
}

#[test]
fn one_seed_gets_no_interval() {
    let page = html(&runs()[2]);
    assert!(!page.contains("class=\"band\"") && !page.contains("class=\"bar\""));
    assert!(page.contains("no interval"));
    let many = html(&runs()[1]);
    assert!(many.contains("class=\"band\"") && many.contains("class=\"bar\""));
}

#[test]
fn no_coordinate_is_nan_whatever_the_numbers() {
    let mut run = sample::tiny();
    for (i, row) in run.rows.iter_mut().enumerate() {
        let Some(results) = &mut row.results else { continue };
        results.test_loss = f64::NAN;
        results.weights_kept = 0;
        if i % 2 == 0 {
            results.test_accuracy = f64::NAN;
        }
    }
    let drawn = ["svg", "line", "path", "circle", "rect", "text"];
    for (name, attributes, _) in tags(&html(&run)) {
        let bad = attributes.contains("NaN") || attributes.contains("inf");
        assert!(!drawn.contains(&&*name) || !bad, "<{name} {attributes}>");
    }
}
