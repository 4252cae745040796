//! What pip's failure means, told from its output.

use super::problem::Problem;
use super::wheel::Set;

/// How pip's failure is to be understood.
pub fn of(set: Set, output: &[String], code: Option<i32>) -> Problem {
    let says = |words: &[&str]| output.iter().any(|line| words.iter().any(|w| line.contains(w)));
    if says(&["No space left on device", "Disk quota exceeded", "Errno 28", "Errno 122"]) {
        return Problem::SpaceRanOut { set };
    }
    // Before "No matching distribution": pip says that as well when it could not reach its index.
    if says(&[
        "NewConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "Read timed out",
        "Max retries exceeded",
        "name resolution",
        "Name or service not known",
        "ProxyError",
        "SSLError",
        "CERTIFICATE_VERIFY_FAILED",
        "Connection refused",
        "Connection reset",
        "Connection broken",
        "ConnectionError",
        "IncompleteRead",
        "incomplete-download",
        "HTTP error",
        "Network is unreachable",
    ]) {
        return Problem::Network { said: last(output, 6) };
    }
    if says(&["No matching distribution found"]) {
        return Problem::NoWheel { said: last(output, 3) };
    }
    Problem::Pip { code, said: last(output, 12) }
}

/// The last lines that say something, shortened to a screen's width.
fn last(output: &[String], count: usize) -> Vec<String> {
    let mut lines: Vec<String> = output
        .iter()
        .map(|line| line.trim_end())
        .filter(|line| !line.is_empty())
        .map(|line| match line.char_indices().nth(160) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        })
        .collect();
    lines.drain(..lines.len().saturating_sub(count));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_understood() {
        let verdict = |text: &str| {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            of(Set::Light, &lines, Some(1))
        };
        let offline = "WARNING: Retrying (Retry(total=4)) after connection broken by \
            'NewConnectionError(': Failed to establish a new connection')': /simple/torch/\n\
            ERROR: Could not find a version that satisfies the requirement torch==2.11.0 (from versions: none)\n\
            ERROR: No matching distribution found for torch==2.11.0";
        assert!(matches!(verdict(offline), Problem::Network { said } if said.len() == 3));
        let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";
        assert!(matches!(verdict(full), Problem::SpaceRanOut { set: Set::Light }));
        let none = "ERROR: Could not find a version (from versions: 2.7.0)\n\
            ERROR: No matching distribution found for torch==2.11.0";
        assert!(matches!(verdict(none), Problem::NoWheel { said } if said.len() == 2));
        let other = format!("{}\n\nTraceback: boom\n", "x\n".repeat(40));
        assert!(matches!(verdict(&other), Problem::Pip { code: Some(1), said }
            if said.len() == 12 && said[11] == "Traceback: boom"));
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let lines = last(&["é".repeat(300)], 5);
        assert_eq!(lines[0].chars().count(), 161);
    }
}
