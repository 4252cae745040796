//! What a run was made with, so that it can be made again: command, versions, plugin files, config.

use super::super::markup::escape;
use super::super::run::Run;

/// Nothing of a run that was put together by hand.
pub fn origin(run: &Run) -> String {
    let about = &run.about;
    let mut out = String::new();
    if !about.command.is_empty() {
        let command: Vec<String> = about.command.iter().map(|word| quoted(word)).collect();
        out += &format!(
            "<p>Begun with</p>\n<pre>{}</pre>\n<p>With the config below as <code>config.toml</code> \
             and the plugin files of the table, this makes it again; <code>jackpot report</code> on \
             both then says whether the bits agree:</p>\n<pre>jackpot run config.toml --out \
             runs/again</pre>\n",
            escape(&command.join(" "))
        );
    }
    if !about.made.is_empty() {
        out += "<dl>\n";
        for (name, value) in &about.made {
            out += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value));
        }
        out += "</dl>\n";
    }
    if !about.plugins.is_empty() {
        out += "<div class=\"scroll\"><table class=\"plugins\">\n<thead><tr><th>kind</th>\
                <th>plugin</th><th>version</th><th>SHA-256 of its file</th></tr></thead>\n<tbody>\n";
        for plugin in &about.plugins {
            let cells = [&plugin.kind, &plugin.name, &plugin.version].map(|text| escape(text));
            out += &format!("<tr><td>{}</td><td>{}</td><td>{}</td>", cells[0], cells[1], cells[2]);
            out += &format!("<td><code>{}</code></td></tr>\n", escape(&plugin.sha256));
        }
        out += "</tbody></table></div>\n";
    }
    if !about.config.is_empty() {
        out += &format!(
            "<details>\n<summary>config.toml, all defaults written out</summary>\n<pre>{}</pre>\n\
             </details>\n",
            escape(&about.config)
        );
    }
    match out.is_empty() {
        true => out,
        false => format!("<section>\n<h3>Config and origin</h3>\n{out}</section>\n"),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/=:,@%+-".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gets_the_same_words_back() {
        assert_eq!(quoted("--set"), "--set");
        assert_eq!(quoted("seeds=[1, 2]"), "'seeds=[1, 2]'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
