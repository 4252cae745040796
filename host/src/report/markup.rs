//! Text inside HTML and SVG.

/// Makes any text safe between tags and inside quoted attributes. Control characters, which no
/// document may hold, become spaces; line breaks and tabs stay.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_tag_or_an_attribute() {
        assert_eq!(
            escape("<a b=\"c\" d='e'>&\u{0}\n"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp; \n"
        );
        assert_eq!(escape("größer 東京"), "größer 東京");
    }
}
