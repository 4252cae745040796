//! How many trainings of an experiment can run at once.

use std::collections::BTreeMap;

use super::error::ExperimentError;
use super::jobs::jobs;
use super::key::JobKey;
use crate::config::Config;

/// The most trainings that need nothing of each other, if each runs as early as it can.
///
/// # Errors
/// The jobs cannot be listed.
pub fn width(config: &Config) -> Result<usize, ExperimentError> {
    // The place of each job in the longest chain that leads to it; jobs come after what they need.
    let mut places: BTreeMap<JobKey, usize> = BTreeMap::new();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for job in jobs(config)? {
        let needs = job.needs.iter().chain(&job.linked_to);
        let last = needs.filter_map(|need| places.get(need)).max().copied();
        let trains = job.linked_to.is_none();
        let place = last.unwrap_or(0) + usize::from(trains);
        if trains {
            *counts.entry(place).or_default() += 1;
        }
        places.insert(job.key, place);
    }
    Ok(counts.into_values().max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::{config, recipe};

    #[test]
    fn seeds_and_recipes_are_side_by_side_and_levels_are_not() {
        let mut config = config();
        config.spends.clear();
        assert_eq!(width(&config).unwrap(), 1, "levels of one draw");
        config.seeds = vec![1, 2, 3];
        assert_eq!(width(&config).unwrap(), 3);
        // Level 1 is drawn, and meanwhile the recipes spend level 0.
        config.seeds = vec![1];
        config.spends = vec![recipe("one", "swish"), recipe("two", "mish")];
        assert_eq!(width(&config).unwrap(), 3);
        config.spends.push(recipe("again", "mish"));
        assert_eq!(width(&config).unwrap(), 3, "what is linked takes no time");
    }
}
