//! Places for labels that must not overlap.

/// Moves points on a line apart until neighbours are `gap` away from each other, each as near to
/// where it wants to be as that allows, all inside [low, high]. The order of the result is that of
/// `wanted`. Where there is no room for all, the last ones stick out at the high end.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut places: Vec<f64> = order.iter().map(|i| wanted[*i].clamp(low, high.max(low))).collect();
    // Groups that touch are centred on the mean of what their members want.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for place in &places {
        groups.push((*place, 1));
        while let [.., (first, m), (second, n)] = groups[..] {
            let touching = gap * (m + n) as f64 / 2.0;
            if second - first >= touching - 1e-9 {
                break;
            }
            let centre = (first * m as f64 + second * n as f64) / (m + n) as f64;
            let half = gap * (m + n - 1) as f64 / 2.0;
            let centre = centre.min(high - half).max(low + half);
            groups.truncate(groups.len() - 2);
            groups.push((centre, m + n));
        }
    }
    let mut next = 0;
    for (centre, n) in groups {
        for i in 0..n {
            places[next] = centre + gap * (i as f64 - (n - 1) as f64 / 2.0);
            next += 1;
        }
    }
    let mut out = vec![0.0; wanted.len()];
    for (place, i) in places.into_iter().zip(order) {
        out[i] = place;
    }
    out
}

/// Which of the labels, centred at rising places and as wide as given, can be shown without
/// touching: the first, the last, and as many between as fit.
pub fn thin(places: &[f64], widths: &[f64]) -> Vec<bool> {
    let n = places.len().min(widths.len());
    let apart = |a: usize, b: usize| places[b] - places[a] >= (widths[a] + widths[b]) / 2.0;
    let mut shown = vec![false; n];
    let mut last = None;
    for (i, shown) in shown.iter_mut().enumerate() {
        let free = last.is_none_or(|l| apart(l, i));
        if free && (i + 1 == n || apart(i, n - 1) || last.is_none()) {
            *shown = true;
            last = Some(i);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_with_room_stay() {
        assert_eq!(spread(&[50.0, 10.0, 30.0], 14.0, 0.0, 100.0), [50.0, 10.0, 30.0]);
    }

    #[test]
    fn touching_labels_share_the_push() {
        assert_eq!(spread(&[50.0, 50.0], 14.0, 0.0, 100.0), [43.0, 57.0]);
        // At the upper end they can only go one way.
        assert_eq!(spread(&[100.0, 99.0], 10.0, 0.0, 100.0), [100.0, 90.0]);
    }

    #[test]
    fn ticks_are_thinned_but_the_ends_stay() {
        let places = [0.0, 10.0, 20.0, 30.0, 40.0];
        assert_eq!(thin(&places, &[9.0; 5]), [true; 5]);
        assert_eq!(thin(&places, &[15.0; 5]), [true, false, true, false, true]);
        assert_eq!(thin(&places, &[35.0; 5]), [true, false, false, false, true]);
        assert_eq!(thin(&[5.0], &[100.0]), [true]);
        assert_eq!(thin(&[5.0, 5.0], &[10.0; 2]), [true, false]);
    }

    proptest! {
        #[test]
        fn never_nearer_than_the_gap_and_inside(wanted in prop::collection::vec(-50.0..150.0f64, 1..7)) {
            let mut places = spread(&wanted, 14.0, 0.0, 100.0);
            places.sort_by(f64::total_cmp);
            prop_assert!(places.windows(2).all(|w| w[1] - w[0] >= 14.0 - 1e-6), "{:?}", places);
            prop_assert!(places[0] >= -1e-6 && places[places.len() - 1] <= 100.0 + 1e-6, "{:?}", places);
        }
    }
}
