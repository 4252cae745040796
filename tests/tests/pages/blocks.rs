//! A page's blocks of code.

/// What stands between two fences.
#[derive(Debug)]
pub struct Block {
    /// What stands behind the first fence.
    pub language: String,
    /// The line of that fence, from 1.
    pub line: usize,
    pub text: String,
}

/// All blocks of a page, from top to bottom.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), inside) {
            (Some(language), false) => {
                let language = language.to_owned();
                found.push(Block { language, line: number + 1, text: String::new() });
                inside = true;
            }
            (Some(_), true) => inside = false,
            (None, true) => {
                let block = found.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!inside, "a block has no end");
    found
}

impl Block {
    /// The file that the block is, if its first line is a comment with nothing but a file's name:
    /// `# experiment.toml`, `// src/lib.rs`.
    pub fn file(&self) -> Option<&str> {
        let first = self.text.lines().next()?;
        let name = first.strip_prefix("# ").or_else(|| first.strip_prefix("// "))?;
        let ending = [".toml", ".rs", ".py"].iter().any(|ending| name.ends_with(ending));
        (ending && !name.contains(' ')).then_some(name)
    }

    /// The commands of a block for a shell: its lines, those that end with `\` with the next
    /// one. Comments are none.
    pub fn commands(&self) -> Vec<String> {
        let whole = self.text.replace("\\\n", "");
        let said = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
        whole.lines().filter(said).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_a_language_a_place_and_perhaps_a_name() {
        let page =
            "text\n```sh\na \\\n  b\n# so:\nc   # why\n```\n\n```toml\n# exp.toml\nx = 1\n```\n";
        let found = blocks(page);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].language.as_str(), found[0].line), ("sh", 2));
        assert_eq!(found[0].commands(), ["a   b", "c   # why"]);
        assert_eq!(found[0].file(), None);
        assert_eq!(found[1].file(), Some("exp.toml"));
        assert_eq!(found[1].text, "# exp.toml\nx = 1\n");
        let prose = Block { text: "# what my.toml is\n".into(), ..blocks(page).remove(1) };
        assert_eq!(prose.file(), None);
    }
}
