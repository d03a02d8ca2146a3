//! Moments as people write and read them on the command line: RFC 3339, in UTC.

use std::str::FromStr;

use printer::Timestamp;
use time::{
    Date, Duration, OffsetDateTime, Time, format_description::well_known::Rfc3339,
    macros::format_description,
};

/// A moment from the command line: `2027-01-31` (the end of that day, UTC) or
/// `2027-01-31T18:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

/// A text that is no [`Moment`].
#[derive(Debug, thiserror::Error)]
#[error("not a date; write 2027-01-31 (to the end of that day) or 2027-01-31T18:00:00Z")]
pub(crate) struct InvalidMoment;

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let day = Date::parse(text, format_description!("[year]-[month]-[day]"));
        let moment = match day {
            Ok(day) => end_of(day),
            Err(_) => OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidMoment)?,
        };
        let micros = i64::try_from(moment.unix_timestamp_nanos() / 1_000);
        Ok(Self(Timestamp::from_unix_micros(micros.map_err(|_| InvalidMoment)?)))
    }
}

fn end_of(day: Date) -> OffsetDateTime {
    day.saturating_add(Duration::DAY).with_time(Time::MIDNIGHT).assume_utc()
}

/// To the second.
pub(crate) fn to_text(moment: Timestamp) -> String {
    let seconds = moment.as_unix_micros().div_euclid(1_000_000);
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        to_text(text.parse::<Moment>().unwrap().0)
    }

    #[test]
    fn a_day_lasts_until_its_end() {
        assert_eq!(read("2027-01-31"), "2027-02-01T00:00:00Z");
    }

    #[test]
    fn a_moment_is_told_in_utc() {
        assert_eq!(read("2027-01-31T20:00:00+02:00"), "2027-01-31T18:00:00Z");
    }

    #[test]
    fn other_texts_are_refused_with_examples() {
        for text in ["tomorrow", "", "2027-13-01", "9999-12-31T23:59:60Z99"] {
            let error = text.parse::<Moment>().unwrap_err().to_string();
            assert!(error.contains("2027-01-31T18:00:00Z"), "{error}");
        }
    }
}
