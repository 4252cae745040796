//! `report.html`: one file with everything in it, readable without network, without scripts, in
//! the dark and on paper.

mod controls;
mod cost;
mod figures;
mod head;
mod jobs;
mod learned;
mod numbers;
mod origin;
mod trials;

use super::markup::escape;
use super::plot;
use super::run::Run;
use super::summary::Summary;

/// The whole page.
pub fn html(run: &Run) -> String {
    let summary = Summary::of(run);
    let mut body = head::head(run, &summary);
    if summary.blocks.is_empty() {
        body += "<p>No job yet.</p>\n";
    } else {
        body += &head::glance(run, &summary);
        body += &legend(&summary);
        for block in &summary.blocks {
            if summary.blocks.len() > 1 {
                body += &format!("<h2 class=\"draw\">Draw {}</h2>\n", escape(block.draw));
            }
            body += &figures::comparison(&summary, block);
            body += &numbers::numbers(&summary, block);
            body += &trials::table(&summary, block);
            body += &controls::table(run, &summary, block);
            body += &figures::costs(&summary, block);
            body += &cost::cost(run, &summary, block);
            body += &figures::insight(run, &summary, block);
            body += &learned::learned(run, &summary, block);
        }
    }
    body += &jobs::jobs(run);
    body += &origin::origin(run);
    page(&run.name, &styles(summary.recipes.len()), &body)
}

fn page(name: &str, styles: &str, body: &str) -> String {
    let name = escape(name);
    // The policy lets a browser vouch for it: nothing is fetched from anywhere.
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{name} · Jackpot</title>\n<style>\n{styles}</style>\n</head>\n<body>\n<main>\n\
         {body}</main>\n<footer>Jackpot {version}</footer>\n<script>\n{script}</script>\n\
         </body>\n</html>\n",
        version = env!("CARGO_PKG_VERSION"),
        script = include_str!("script.js"),
    )
}

/// The style sheet, with a colour and a switch for each recipe.
fn styles(recipes: usize) -> String {
    let mut out = include_str!("style.css").to_owned();
    for i in 0..recipes {
        let color = i % plot::COLORS;
        out += &format!(
            ".r{i}{{--c:var(--c{color})}}\n\
             body:has(#show{i}:not(:checked)) figure .r{i}{{display:none}}\n"
        );
    }
    out
}

/// The recipes with their marks; each can be switched off in all pictures.
fn legend(summary: &Summary<'_>) -> String {
    if summary.recipes.len() < 2 {
        return String::new();
    }
    let mut out = "<nav class=\"legend\" aria-label=\"Recipes shown\">\n".to_owned();
    for (i, name) in summary.recipes.iter().enumerate() {
        out += &format!(
            "<label class=\"{}\"><input type=\"checkbox\" id=\"show{i}\" checked>{}\
             <span>{}</span></label>\n",
            plot::class(i),
            plot::swatch(i),
            escape(name)
        );
    }
    out + "</nav>\n"
}

/// The first cell of a group of rows: the sparsity they share.
fn level_head(title: &str, level: usize, rows: usize) -> String {
    format!("<th class=\"number\" rowspan=\"{rows}\">{title}<small>level {level}</small></th>")
}

#[cfg(test)]
mod tests;
