//! Numbers as people read them.

pub mod duration;

use indicatif::HumanCount;

/// A number with separated thousands: `1,234,567`.
pub fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// A number and what it counts: `1 row`, `1,234 rows`.
pub fn count_of(number: u64, one: &str) -> String {
    let plural = match number {
        1 => "",
        _ if one.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {one}{plural}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
    }
}
