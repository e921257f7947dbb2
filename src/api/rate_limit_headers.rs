//! What a response's headers say about when the next request may be sent.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// When the next request may be sent, as the service says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimitHeaders {
    /// `Retry-After`: how long to wait from now.
    pub retry_after: Option<Duration>,
    /// `RateLimit-Remaining` and `RateLimit-Reset`.
    pub budget: Option<RemainingQuota>,
}

/// How much of a quota is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemainingQuota {
    /// Requests left in the quota's current window.
    pub remaining: u64,
    pub reset: Duration,
}

impl RateLimitHeaders {
    /// Reads the headers; values that make no sense are ignored.
    ///
    /// `now` is the local time, for a `Retry-After` date in a response without a `Date`.
    pub fn read(headers: &HeaderMap, now: SystemTime) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        let date = |name: &str| httpdate::parse_http_date(text(name)?).ok();

        let retry_after = number(RETRY_AFTER.as_str())
            .map(Duration::from_secs)
            .or_else(|| {
                // The service's own clock made the date.
                let from = date(DATE.as_str()).unwrap_or(now);
                let until = date(RETRY_AFTER.as_str())?;
                Some(until.duration_since(from).unwrap_or_default())
            });
        let budget = number("ratelimit-remaining")
            .zip(number("ratelimit-reset"))
            .map(|(remaining, reset)| RemainingQuota {
                remaining,
                reset: Duration::from_secs(reset),
            });
        Self {
            retry_after,
            budget,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> RateLimitHeaders {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let now = httpdate::parse_http_date("Tue, 24 Nov 2026 10:00:00 GMT").unwrap();
        RateLimitHeaders::read(&headers, now)
    }

    fn retry_after(value: &'static str) -> Option<u64> {
        read(&[("retry-after", value)])
            .retry_after
            .map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_comes_in_seconds_or_as_a_date() {
        assert_eq!(retry_after("3"), Some(3));
        assert_eq!(retry_after("Tue, 24 Nov 2026 10:01:30 GMT"), Some(90));
        assert_eq!(retry_after("Tue, 24 Nov 2026 09:00:00 GMT"), Some(0));
    }

    #[test]
    fn a_date_is_measured_by_the_clock_that_made_it() {
        let limits = read(&[
            ("date", "Tue, 24 Nov 2026 03:00:00 GMT"),
            ("retry-after", "Tue, 24 Nov 2026 03:00:05 GMT"),
        ]);
        assert_eq!(limits.retry_after, Some(Duration::from_secs(5)));
    }

    #[test]
    fn nonsense_is_passed_over() {
        for nonsense in ["-5", "soon", "", "1e9", "99999999999999999999999"] {
            assert_eq!(retry_after(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_budget_needs_both_of_its_headers() {
        let both = read(&[("ratelimit-remaining", "7"), ("ratelimit-reset", "30")]);
        assert_eq!(
            both.budget,
            Some(RemainingQuota {
                remaining: 7,
                reset: Duration::from_secs(30)
            })
        );
        assert_eq!(read(&[("ratelimit-remaining", "7")]).budget, None);
    }
}
