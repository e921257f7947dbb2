//! Warnings of a token that has expired, or will before a run can end. The clocks of this machine and of the service may
//! differ, so the service decides, and neither is an error.

use std::time::Duration;

use jiff::Timestamp;

use crate::humanize::duration::duration;

/// A warning, if the token has expired by this machine's clock.
pub fn expired(expires_at: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let since = now.duration_since(expires_at?);
    let since = Duration::try_from(since).ok()?;
    Some(format!(
        "warning: by this machine's clock, the token expired {} ago\n  hint: get a new token",
        duration(since)
    ))
}

/// A warning, if the token will expire before the last request can leave.
pub fn expires_during(
    expires_at: Option<Timestamp>,
    sending: Duration,
    now: Timestamp,
) -> Option<String> {
    let left = Duration::try_from(expires_at?.duration_since(now)).ok()?;
    (left < sending).then(|| {
        format!(
            "warning: the token expires in {}, and sending takes at least {}\n  hint: the run stops then, and can be resumed with a new token; --client-id gets new tokens by itself",
            duration(left),
            duration(sending)
        )
    })
}

/// Both warnings, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use crate::diagnostic::Sample;

    let at = |second| Timestamp::from_second(second).expect("a time");
    let warnings = [
        expired(Some(at(0)), at(7_260)),
        expires_during(Some(at(720)), Duration::from_secs(2_100), at(0)),
    ];
    let warnings = warnings.into_iter().flatten();
    warnings.map(Sample::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_outlasts_the_run_needs_no_warning() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(expired(Some(at(100)), at(99)), None);
        assert_eq!(expired(None, at(99)), None);
        let sending = Duration::from_secs(60);
        assert_eq!(expires_during(Some(at(160)), sending, at(100)), None);
        assert!(expires_during(Some(at(159)), sending, at(100)).is_some());
        // It has been warned of already.
        assert_eq!(expires_during(Some(at(99)), sending, at(100)), None);
        assert_eq!(expires_during(None, sending, at(100)), None);
    }
}
