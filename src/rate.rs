//! A quota of requests: a maximum number in any window of a given length.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::humanize::duration;

/// At most `requests` in any window of length `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Rate {
    pub requests: NonZeroU32,
    /// The window's length; longer than zero, and a day at most.
    pub window: Duration,
}

const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_REQUESTS: u32 = 1_000_000;

impl FromStr for Rate {
    type Err = String;

    /// Reads `N/W`, such as `10/s`, `160/5m` or `20/2s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a rate such as 10/s or 160/5m");
        let (requests, window) = text.split_once('/').ok_or_else(wrong)?;
        let requests = requests.trim().parse().map_err(|_| wrong())?;
        let window = window.trim();
        let counted = if window.starts_with(|first: char| first.is_ascii_digit()) {
            window.to_owned()
        } else {
            format!("1{window}")
        };
        let window = duration::parse(&counted).map_err(|_| wrong())?;
        if window > LONGEST_WINDOW || requests > NonZeroU32::new(MOST_REQUESTS).expect("not zero") {
            return Err(format!(
                "`{text}` is out of bounds: at most {MOST_REQUESTS} requests, in a window of at most 24h"
            ));
        }
        Ok(Self { requests, window })
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = duration::round_trip(self.window);
        let window = match window.as_str() {
            "1s" => "s",
            other => other,
        };
        write!(f, "{}/{window}", self.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_as_it_is_read() {
        for text in [
            "10/s",
            "160/5m",
            "20/2s",
            "1/250ms",
            "5000/1h",
            "1/10s400ms",
            "100/400µs",
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("60/m".parse::<Rate>(), "60/1m".parse());
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "10",
            "0/s",
            "-1/s",
            "10/",
            "10/0s",
            "10/fortnight",
            "10/2d",
            "2000000/s",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
