//! Medians and percentiles of what was measured. Pure: samples in, numbers out.

/// Least, middle and greatest of several repetitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` without samples. Of an even number of samples the median is the mean of the middle two.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = samples.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self { min, median, max })
    }
}

/// Percentiles of one run's latencies, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl Percentiles {
    /// Nearest-rank percentiles; `None` without samples.
    pub(crate) fn of(mut latencies_us: Vec<u64>) -> Option<Self> {
        latencies_us.sort_unstable();
        let max = *latencies_us.last()?;
        let rank = |thousandths: usize| {
            let rank = (latencies_us.len() * thousandths).div_ceil(1000).max(1);
            latencies_us[rank - 1]
        };
        Some(Self { p50: rank(500), p99: rank(990), p999: rank(999), max })
    }
}

/// A number with three significant digits, or all digits before the point.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 100.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_number_is_the_middle_sample() {
        assert_eq!(Spread::of([9.0, 1.0, 4.0]), Some(Spread { min: 1.0, median: 4.0, max: 9.0 }));
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_samples() {
        assert_eq!(Spread::of([1.0, 8.0, 2.0, 4.0]), Some(Spread { min: 1.0, median: 3.0, max: 8.0 }));
    }

    #[test]
    fn nothing_measured_has_no_spread_and_no_percentiles() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Percentiles::of(Vec::new()), None);
    }

    #[test]
    fn percentiles_are_samples_at_their_rank() {
        let percentiles = Percentiles::of((1..=1000).rev().collect());
        assert_eq!(percentiles, Some(Percentiles { p50: 500, p99: 990, p999: 999, max: 1000 }));
    }

    #[test]
    fn one_sample_is_every_percentile() {
        assert_eq!(Percentiles::of(vec![7]), Some(Percentiles { p50: 7, p99: 7, p999: 7, max: 7 }));
    }

    #[test]
    fn numbers_are_shortened_to_three_digits() {
        assert_eq!(
            [short(0.123), short(1.5), short(42.42), short(1_234_567.8)],
            ["0.12", "1.50", "42.4", "1234568"]
        );
    }
}
