//! Dates as git stores them, seconds and an offset, in the form that reports use.

use jiff::Timestamp;
use jiff::tz::Offset;

/// A point in time as RFC 3339 with its offset, `2026-07-01T09:30:00+02:00`; `None` outside the years that have a
/// name of four digits. An impossible offset counts as none.
pub fn rfc3339(seconds: i64, offset_minutes: i32) -> Option<String> {
    let offset = offset_minutes.checked_mul(60).and_then(|seconds| Offset::from_seconds(seconds).ok());
    let time = Timestamp::from_second(seconds).ok()?.to_zoned(offset.unwrap_or(Offset::UTC).to_time_zone());
    (0..=9999).contains(&time.year()).then(|| time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_keep_their_offset() {
        let date = |seconds, offset| rfc3339(seconds, offset).expect("a date");
        assert_eq!(date(0, 0), "1970-01-01T00:00:00+00:00");
        assert_eq!(date(951_782_400, 0), "2000-02-29T00:00:00+00:00");
        assert_eq!(date(1_782_891_000, 120), "2026-07-01T09:30:00+02:00");
        assert_eq!(date(-1, -330), "1969-12-31T18:29:59-05:30");
    }

    #[test]
    fn absurd_dates_are_none() {
        assert_eq!(rfc3339(i64::MAX, 0), None);
        assert_eq!(rfc3339(i64::MIN, i32::MIN), None);
        assert_eq!(rfc3339(0, i32::MAX).as_deref(), Some("1970-01-01T00:00:00+00:00"));
    }
}
