//! Whole numbers as values of flags. Their errors are for people; those of the standard library speak of types.

use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;

/// Parses a number of 1 or more.
pub fn from_one<N: FromStr<Err = ParseIntError>>(text: &str) -> Result<N, &'static str> {
    parse(text, "give a whole number, 1 or more")
}

/// Parses a number of 0 or more.
pub fn from_zero<N: FromStr<Err = ParseIntError>>(text: &str) -> Result<N, &'static str> {
    parse(text, "give a whole number, 0 or more")
}

fn parse<N: FromStr<Err = ParseIntError>>(
    text: &str,
    expected: &'static str,
) -> Result<N, &'static str> {
    text.parse()
        .map_err(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => "the number is too large",
            _ => expected,
        })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_value_that_is_no_number_is_refused_in_plain_words() {
        for text in ["many", "0", "-1", "1.5", ""] {
            let refused = from_one::<NonZeroU32>(text);
            assert_eq!(refused, Err("give a whole number, 1 or more"), "{text}");
        }
        assert_eq!(from_zero::<u16>("0"), Ok(0));
        assert_eq!(from_zero::<u16>("99999"), Err("the number is too large"));
    }
}
