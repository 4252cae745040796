//! The table of the controls: what is lost without the ticket's own mask or weights.

use super::super::controls::{CAPTION, controls};
use super::super::markup::escape;
use super::super::run::Run;
use super::super::summary::{Block, Summary};
use super::super::{format, plot};
use super::head::gain_cell;

/// Nothing where a run has no controls.
pub fn table<'a>(run: &'a Run, summary: &Summary<'a>, block: &Block<'a>) -> String {
    let found = controls(run, summary, block);
    if found.is_empty() {
        return String::new();
    }
    let mut out = "<section>\n<h3>Does the ticket matter?</h3>\n<div class=\"scroll\"><table \
        class=\"controls\">\n<thead><tr><th class=\"number\">sparsity&nbsp;%</th>"
        .to_owned();
    for control in &found {
        out += &format!(
            "<th class=\"number {}\">{} <b>{}</b><small>{} − {}</small></th>",
            plot::class(control.recipe),
            plot::swatch(control.recipe),
            escape(control.what),
            escape(control.ticket),
            escape(control.name)
        );
    }
    out += "</tr></thead>\n<tbody>\n";
    for (place, level) in block.levels.iter().enumerate() {
        let title = level.kept.map_or("?".to_owned(), format::sparsity);
        out += &format!("<tr><th class=\"number\">{title}</th>");
        for control in &found {
            let text = control.loss[place].as_ref().map(gain_cell).unwrap_or_default();
            out += &format!("<td class=\"number\">{text}</td>");
        }
        out += "</tr>\n";
    }
    let caption = escape(&format::capital(CAPTION));
    out + &format!("</tbody></table></div>\n<p class=\"note\">{caption}.</p>\n</section>\n")
}
