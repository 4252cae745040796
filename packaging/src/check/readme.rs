//! The lines that a README tells its reader to type.

/// The blocks of `sh` below that heading, up to the next of its height.
pub fn shell_blocks(text: &str, heading: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != heading).skip(1);
    let section = lines.take_while(|line| !line.starts_with("## "));
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in section {
        match (line, inside) {
            ("```sh", _) => {
                inside = true;
                blocks.push(String::new());
            }
            ("```", _) => inside = false,
            (line, true) => {
                if let Some(block) = blocks.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (_, false) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_section() {
        let text = "## A\n```sh\nno\n```\n## B\nwords\n```sh\none\ntwo\n```\n```toml\nno\n```\n\
                    ### C\n```sh\nthree\n```\n## D\n```sh\nno\n```\n";
        assert_eq!(shell_blocks(text, "## B"), ["one\ntwo\n", "three\n"]);
        assert!(shell_blocks(text, "## E").is_empty());
    }

    #[test]
    fn our_readme_has_a_block_for_each_package() {
        let blocks = shell_blocks(include_str!("../../../README.md"), "## Install");
        let [wheel, tarball, ..] = blocks.as_slice() else { panic!("{blocks:?}") };
        assert!(wheel.contains(".whl") && tarball.contains(".tar.gz"), "{blocks:?}");
    }
}
