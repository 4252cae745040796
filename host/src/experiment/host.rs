//! Which machine this is.

use std::fs;
use std::time::SystemTime;

/// The machine's name, for people.
pub fn name() -> String {
    line("/proc/sys/kernel/hostname").unwrap_or_else(|| "this machine".to_owned())
}

/// The processor, as it calls itself: `Intel(R) Xeon(R) Processor @ 2.20GHz`.
pub fn cpu() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The time now as `2026-11-28T13:04:38Z`.
pub fn now() -> String {
    date(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs())
}

/// Seconds since 1970 as a date in UTC.
fn date(seconds: u64) -> String {
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin on the first of March here, so that a leap day is a year's last: of the 400
    // years that repeat, 146,097 days, this is day `of_era`, counted from 0000-03-01.
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Tells apart running kernels: only processes under the same one surely see each other's file
/// locks. Containers of one machine share it even if their names differ.
pub fn boot_id() -> String {
    line("/proc/sys/kernel/random/boot_id").unwrap_or_else(name)
}

/// What the machine's system says that it is, the same after every boot; empty if it does not say.
pub fn machine_id() -> String {
    line("/etc/machine-id").unwrap_or_default()
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        // As `date -u -d @N +%FT%TZ` says.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn the_processor_has_a_name() {
        assert!(!cpu().is_empty() && cpu() == cpu().trim());
    }
}
