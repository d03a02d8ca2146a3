//! How long ago something was, in words.

use printer::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// "5 minutes ago". A moment in the future was "just now": clocks differ.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_unix_micros().saturating_sub(then.as_unix_micros()) / 1_000_000;
    match seconds {
        ..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => count(seconds / MINUTE, "minute"),
        HOUR..DAY => count(seconds / HOUR, "hour"),
        _ => count(seconds / DAY, "day"),
    }
}

fn count(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_duration_is_said_in_its_largest_unit() {
        let now = Timestamp::from_unix_micros(1_800_000_000_000_000);
        for (seconds, words) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (5 * 60, "5 minutes ago"),
            (2 * 3_600 + 5, "2 hours ago"),
            (86_400 * 3, "3 days ago"),
        ] {
            assert_eq!(ago(now, now.minus(Duration::from_secs(seconds))), words);
        }
        assert_eq!(ago(now, now.plus(Duration::from_secs(90))), "just now");
    }
}
