//! Moments as people write them: RFC 3339, or milliseconds since 1970. Pure.

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Years between which moments can be written.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=9999;

/// Reads a moment: `2026-11-22T07:14:40Z`, with a fraction or another offset if need be, or milliseconds since 1970.
///
/// # Errors
/// What is expected.
pub fn parse(text: &str) -> Result<i64, String> {
    let refused = || {
        format!(
            "{text:?} is no moment: expected for example 2026-11-22T07:14:40Z, or milliseconds since 1970"
        )
    };
    if let Ok(ms) = text.parse::<i64>() {
        return if ms >= 0 { Ok(ms) } else { Err(refused()) };
    }
    rfc3339(text).ok_or_else(refused)
}

/// A moment as text, to the millisecond.
#[must_use]
pub fn show(ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

fn rfc3339(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let in_month = parts.next().is_none() && YEARS.contains(&year) && (1..=12).contains(&month);
    let days = in_month.then(|| days_of(year, month, day))?;
    // A day that the month does not have is another month's.
    (date_of(days) == (year, month, day)).then_some(())?;
    let zone_at = time.rfind(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = three(clock)?;
    let within = hour <= 23 && minute <= 59 && second <= 60;
    let since_midnight = within.then_some((hour * 60 + minute) * 60 + second)?;
    Some(days * DAY_MS + (since_midnight - offset_seconds(zone)?) * 1000 + milliseconds(fraction)?)
}

fn three(clock: &str) -> Option<[i64; 3]> {
    let mut parts = clock.split(':');
    let three = [digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?];
    parts.next().is_none().then_some(three)
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = zone.split_at(1);
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let seconds = (hours <= 23 && minutes <= 59).then_some((hours * 60 + minutes) * 60)?;
    Some(if sign == "-" { -seconds } else { seconds })
}

/// Digits of a fraction of a second that are understood.
const FRACTION_DIGITS_MAX: usize = 9;

fn milliseconds(fraction: &str) -> Option<i64> {
    let is_one = (1..=FRACTION_DIGITS_MAX).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| format!("{fraction:0<3}")[..3].parse().ok())?
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a leap day is their
/// last one.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day; see [`days_of`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form() {
        for (text, ms) in [
            ("0", 0),
            ("1767225600000", 1_767_225_600_000),
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            ("2026-01-01t00:00:00.5z", 1_767_225_600_500),
            ("2026-01-01 02:30:00.123456789+02:30", 1_767_225_600_123),
            ("2025-12-31T19:00:00-05:00", 1_767_225_600_000),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000),
        ] {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "-1",
            "yesterday",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-1-01T00:00:00Z",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00+ä1:00",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_shown_as_it_is_read() {
        for day in (0..60_000).step_by(17) {
            let ms = day * DAY_MS + day * 1001;
            assert_eq!(parse(&show(ms)), Ok(ms), "{}", show(ms));
        }
    }
}
