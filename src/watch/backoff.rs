//! The delay after a failure that would happen to every file.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(15);
const MAX: Duration = Duration::from_secs(15 * 60);

/// The delay after the `nth` failure in a row, from 0.
pub fn delay(nth: u32) -> Duration {
    let factor = 2_u32.checked_pow(nth).unwrap_or(u32::MAX);
    FIRST.saturating_mul(factor).min(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_quarter_of_an_hour() {
        let seconds: Vec<_> = (0..8).map(|nth| delay(nth).as_secs()).collect();
        assert_eq!(seconds, [15, 30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(delay(u32::MAX), MAX);
    }
}
