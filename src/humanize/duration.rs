//! Spans of time as people write and read them: `30s`, `5m`, `1h 20m`.

use std::time::Duration;

use jiff::{SignedDuration, SpanRound, Unit};

/// Reads a span such as `30s`, `5m`, `1h30m` or `250ms`.
///
/// # Errors
/// When the text is no span of time, or none that is longer than zero.
pub fn parse(text: &str) -> Result<Duration, String> {
    parse_allow_zero(text)
        .ok()
        .filter(|span| !span.is_zero())
        .ok_or_else(|| no_span(text))
}

/// Reads a span as [`parse`] does, or `0s`.
///
/// # Errors
/// When the text is no span of time.
pub fn parse_allow_zero(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| no_span(text))
}

fn no_span(text: &str) -> String {
    format!("`{text}` is not a time such as 30s, 5m or 250ms")
}

/// A span to the last digit, in a form that [`parse`] takes: `5m`, `10s400ms`.
pub fn round_trip(span: Duration) -> String {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    format!("{span:#}").replace(' ', "")
}

/// A span as it matters to people: to the tenth of a second.
pub fn tenths(span: Duration) -> Duration {
    Duration::from_millis((span.as_millis() as u64 + 50) / 100 * 100)
}

/// A span in whole seconds, or to the millisecond where it is shorter than ten: `2m 10s`, `1.25s`.
pub fn duration(span: Duration) -> String {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    if span < SignedDuration::from_secs(10) {
        return format!("{:.3}", span.as_secs_f64())
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
            + "s";
    }
    let rounded = jiff::Span::try_from(span)
        .and_then(|span| span.round(SpanRound::new().largest(Unit::Hour).smallest(Unit::Second)));
    rounded.map_or_else(|_| format!("{span:#}"), |span| format!("{span:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "0s", "-3s", "5", "soon"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_allow_zero("0s"), Ok(Duration::ZERO));
        assert!(parse_allow_zero("-3s").is_err());
    }

    #[test]
    fn spans_are_shown_as_people_read_them() {
        assert_eq!(duration(Duration::from_millis(1250)), "1.25s");
        assert_eq!(duration(Duration::from_secs(2)), "2s");
        assert_eq!(duration(Duration::from_millis(130_400)), "2m 10s");
        assert_eq!(duration(Duration::from_secs(4800)), "1h 20m");
        assert_eq!(duration(Duration::from_secs(100_000)), "27h 46m 40s");
    }
}
