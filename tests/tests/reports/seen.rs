//! Reports as people see them, in the browser that `JACKPOT_TEST_BROWSER` names. With
//! `JACKPOT_TEST_SCREENSHOTS=FOLDER` pictures of every page are left there, to be looked at.

use std::path::PathBuf;

use jackpot_tests::browser::Browser;
use jackpot_tests::{Sandbox, results};
use serde_json::{Value, json};

use super::odd::odd_runs;

/// Texts of one picture that lie upon each other, pages that are wider than the window, and texts
/// that leave their picture.
const LAYOUT: &str = r#"
    document.querySelectorAll("details").forEach(one => one.open = true);
    const bad = [];
    if (document.documentElement.scrollWidth > innerWidth)
        bad.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const svg of document.querySelectorAll("figure > svg")) {
        const frame = svg.getBoundingClientRect();
        if (frame.width === 0) continue;
        const texts = [...svg.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()]);
        for (const [text, box] of texts)
            if (box.left < frame.left - 2 || box.right > frame.right + 2)
                bad.push(`${svg.getAttribute("aria-label")}: ${text} leaves the picture`);
        for (let i = 0; i < texts.length; i++) for (let k = 0; k < i; k++) {
            const [a, b] = [texts[i][1], texts[k][1]];
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 4)
                bad.push(`${svg.getAttribute("aria-label")}: ${texts[i][0]} upon ${texts[k][0]}`);
        }
    }
    return bad;
"#;

/// Moves the pointer to the last mean of the second recipe and reads what appears; then switches
/// that recipe off and on again.
const HANDS_ON: &str = r#"
    const figure = [...document.querySelectorAll("figure > svg.wide")].find(svg => svg.getBoundingClientRect().width > 0);
    const hits = figure.querySelectorAll(".r1 .hit");
    const hit = hits[hits.length - 1];
    const box = hit.getBoundingClientRect();
    scrollTo(0, box.top - 300);
    const now = hit.getBoundingClientRect();
    const [x, y] = [now.left + now.width / 2, now.top + now.height / 2];
    const target = document.elementFromPoint(x, y);
    target.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: x, clientY: y }));
    const tip = document.getElementById("tip");
    const shown = tip.hidden ? null : tip.textContent;
    const mark = figure.querySelector(".r1 .mark");
    const visible = () => mark.getBoundingClientRect().width > 0;
    const before = visible();
    document.getElementById("show1").click();
    const off = visible();
    document.getElementById("show1").click();
    return { shown, before, off, after: visible(), clickable: getComputedStyle(document.getElementById("show1")).display };
"#;

#[test]
fn nothing_overlaps_and_every_page_fits_its_window() {
    let Some(browser) = Browser::find() else { return };
    let pictures = std::env::var_os("JACKPOT_TEST_SCREENSHOTS").map(PathBuf::from);
    let sandbox = Sandbox::new();
    for (name, _, run) in odd_runs(&sandbox) {
        let ran = sandbox.jackpot(&["report"]).arg(&run).run();
        assert_eq!(ran.code, 0, "{name}: {ran}");
        let page = run.join("report.html");
        for width in [1280, 700, 500] {
            assert_eq!(browser.ask(&page, width, LAYOUT), json!([]), "{name}, {width} wide");
        }
        if let Some(folder) = &pictures {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::copy(&page, folder.join(format!("{name}.html"))).unwrap();
            for (look, width, dark) in
                [("wide", 1280, false), ("narrow", 500, false), ("dark", 1280, true)]
            {
                browser.screenshot(
                    &page,
                    (width, dark),
                    &folder.join(format!("{name}-{look}.png")),
                );
            }
            browser.print(&page, &folder.join(format!("{name}.pdf")));
        }
    }
}

#[test]
fn a_recipe_is_switched_off_and_a_value_is_read() {
    let Some(browser) = Browser::find() else { return };
    let sandbox = Sandbox::new();
    let (_, _, run) = odd_runs(&sandbox).into_iter().find(|(name, ..)| *name == "twelve").unwrap();
    assert_eq!(sandbox.jackpot(&["report"]).arg(&run).run().code, 0);
    let found = browser.ask(&run.join("report.html"), 1280, HANDS_ON);
    let state = |name: &str| found[name] == Value::Bool(true);
    assert!(state("before") && !state("off") && state("after"), "{found}");
    // The value is the mean of what results.csv has.
    let rows = results(&run);
    let own = rows.iter().filter(|row| row.get("recipe") == "mish" && row.get("level") == "5");
    let own: Vec<f64> = own.map(|row| row.number("test_accuracy")).collect();
    let mean = 100.0 * own.iter().sum::<f64>() / own.len() as f64;
    let shown = found["shown"].as_str().unwrap_or_default();
    assert!(shown.starts_with("mish\nlevel 5, sparsity 67.2 %\n"), "{found}");
    assert!(
        shown.contains(&format!("{mean:.2} ± ")) && shown.contains("(n = 3)"),
        "{mean}: {shown}"
    );
}
