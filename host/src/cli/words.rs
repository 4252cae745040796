//! Texts that fit: durations, tables, lines cut or broken to a width.

pub use crate::report::duration;

/// As [`duration`], in whole seconds: for what changes while one looks at it.
pub fn left(seconds: f64) -> String {
    if seconds < 90.0 { format!("{:.0} s", seconds.max(0.0)) } else { duration(seconds) }
}

/// `1 job`, `3 jobs`.
pub fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The signs that texts of this program have beyond ASCII, in ASCII. Others, of names of files for
/// example, stay.
pub fn ascii(text: &str) -> String {
    const SIGNS: [(char, &str); 23] = [
        ('…', "..."),
        ('−', "-"),
        ('–', "-"),
        ('—', "-"),
        ('×', "x"),
        ('·', "*"),
        ('±', "+-"),
        ('→', "->"),
        ('≤', "<="),
        ('≥', ">="),
        ('√', "sqrt"),
        ('α', "alpha"),
        ('β', "beta"),
        ('’', "'"),
        ('“', "\""),
        ('”', "\""),
        // Of the frames in which errors are shown.
        ('─', "-"),
        ('│', "|"),
        ('╭', ","),
        ('╰', "`"),
        ('├', "|"),
        ('┬', "|"),
        ('▶', ">"),
    ];
    let sign = |c: char| SIGNS.iter().find(|(sign, _)| *sign == c).map(|(_, plain)| *plain);
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        match sign(c) {
            Some(sign) => plain.push_str(sign),
            None => plain.push(c),
        }
        plain
    })
}

/// The number of characters, which here is that of columns.
pub fn len(text: &str) -> usize {
    text.chars().count()
}

/// `text` in at most `width` characters: what stands in the middle gives way to `mark`, since
/// names differ at their ends.
pub fn cut_middle(text: &str, width: usize, mark: &str) -> String {
    let length = len(text);
    if length <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(len(mark)) else {
        return text.chars().take(width).collect();
    };
    let head = room / 2;
    let head_text = text.chars().take(head);
    let tail_text = text.chars().skip(length - (room - head));
    head_text.chain(mark.chars()).chain(tail_text).collect()
}

/// `text` in at most `width` characters, with `mark` for what is cut off at the end.
pub fn cut(text: &str, width: usize, mark: &str) -> String {
    if len(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(len(mark));
    text.chars().take(room).chain(mark.chars()).take(width).collect()
}

/// Breaks `text` at spaces to lines of at most `width` characters with `indent` spaces before
/// each; a longer word stays whole. Empty lines, lists and tables keep their lines.
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let margin = " ".repeat(indent);
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        open &= !line.trim().is_empty() && !line.starts_with([' ', '-', '*', '|', '#', '`']);
        if !open {
            lines.push(margin.clone());
        }
        for word in line.split_whitespace() {
            match lines.last_mut() {
                Some(last) if len(last) == indent => last.push_str(word),
                Some(last) if len(last) + 1 + len(word) <= width => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => lines.push(format!("{margin}{word}")),
            }
        }
        open = !line.trim().is_empty();
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// Breaks the lines of `text` that are longer than `width` at spaces, with the line's own indent
/// before each part; all others, and words, stay as they are.
pub fn fold(text: &str, width: usize) -> String {
    let fold = |line: &str| match len(line) > width {
        true => wrap(line, line.len() - line.trim_start().len(), width),
        false => line.to_owned(),
    };
    text.lines().map(fold).collect::<Vec<_>>().join("\n")
}

/// Rows with their columns one below the other, two spaces apart. The `flexible` column is cut so
/// that lines have at most `width` characters, if it keeps eight.
pub fn columns(rows: &[Vec<String>], flexible: usize, width: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..count)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|t| len(t)).max())
        .map(Option::unwrap_or_default)
        .collect();
    let total = widths.iter().sum::<usize>() + 2 * count.saturating_sub(1);
    if let Some(column) = widths.get_mut(flexible) {
        *column = column.saturating_sub(total.saturating_sub(width)).max((*column).min(8));
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (text, room) in row.iter().zip(&widths) {
            line.push_str(&format!("{:<room$}  ", cut(text, *room, "…")));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_utf_8_the_programs_own_signs_are_spelt() {
        assert_eq!(ascii("3 × 3 … −1 ± 0.5"), "3 x 3 ... -1 +- 0.5");
        assert_eq!(ascii("╭─[x.toml:1:2]\n╰──┬── no"), ",-[x.toml:1:2]\n`--|-- no");
        assert_eq!(ascii("runs/é"), "runs/é");
    }

    #[test]
    fn durations() {
        let texts = [0.04, 9.9, 41.3, 90.0, 7_500.0, 273_600.0].map(duration);
        assert_eq!(texts, ["0.0 s", "9.9 s", "41 s", "2 min", "2 h 05 min", "3 d 4 h"]);
        assert_eq!(duration(-3.0), "0.0 s");
        assert_eq!([-3.0, 9.4, 89.0, 90.0].map(left), ["0 s", "9 s", "89 s", "2 min"]);
    }

    #[test]
    fn cuts_keep_the_width() {
        assert_eq!(cut_middle("spend all level 03", 12, "…"), "spend…vel 03");
        assert_eq!(cut_middle("spend all level 03", 12, "..."), "spen...el 03");
        assert_eq!(cut_middle("spend", 5, "…"), "spend");
        assert_eq!(cut_middle("spend", 2, "..."), "sp");
        assert_eq!(cut("spend all", 6, "…"), "spend…");
        assert_eq!(cut("spend all", 2, "..."), "..");
    }

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrap("one two three\n\nfour", 2, 9), "  one two\n  three\n\n  four");
        assert_eq!(wrap("one\ntwo\n- a\n- b", 0, 9), "one two\n- a\n- b");
        assert_eq!(wrap("enormously long", 0, 4), "enormously\nlong");
    }

    #[test]
    fn long_lines_are_folded_and_others_left_alone() {
        let text = "one two three\n  a   b\n  six seven";
        assert_eq!(fold(text, 11), "one two\nthree\n  a   b\n  six seven");
        assert_eq!(fold("a\n  one two three", 11), "a\n  one two\n  three");
    }

    #[test]
    fn columns_line_up_and_one_gives_way() {
        let rows: Vec<Vec<String>> =
            [["kind", "what it is", "file"], ["a", "a long summary", "x.so"]]
                .map(|row| row.map(str::to_owned).to_vec())
                .to_vec();
        assert_eq!(
            columns(&rows, 1, 80),
            "kind  what it is      file\na     a long summary  x.so\n"
        );
        assert_eq!(columns(&rows, 1, 22), "kind  what it is  file\na     a long su…  x.so\n");
        assert!(columns(&rows, 1, 10).contains("a long …"), "eight characters stay");
    }
}
