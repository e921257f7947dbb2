//! A stand-in for the service, for demonstrations and tests: seats, refusals, a quota, latency, faults.
//!
//! Of `api` it shares the messages, and nothing else.

mod arrivals;
mod ledger;
mod server;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

pub use ledger::{Holding, Ledger, Refused, Seats};
pub use server::Sandbox;

use crate::catalog::{self, Catalog};
use crate::rate::Rate;

/// The account that the stand-in knows unless it is told another.
pub const ACCOUNT: &str = "sandbox";

/// Seats of each code that the stand-in has unless it is told otherwise.
pub const SEATS: u64 = 50;

/// What the stand-in is like.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxSettings {
    /// The one account that it knows.
    pub account: String,
    /// Seats by code. A code that is left out has none.
    pub seats: BTreeMap<String, u64>,
    /// How long every answer takes.
    pub latency: Duration,
    /// Its quota; none is unlimited.
    pub rate: Option<Rate>,
    /// The share of requests that something happens to.
    pub fail: Share,
    /// For what happens to which.
    pub seed: u64,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            account: ACCOUNT.to_owned(),
            seats: catalog::ENTRIES
                .iter()
                .map(|entry| (entry.code.to_owned(), SEATS))
                .collect(),
            latency: Duration::ZERO,
            rate: None,
            fail: Share::default(),
            seed: 0,
        }
    }
}

/// A share between none and all, written `5%`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Share(f64);

impl Share {
    /// Between 0 and 1.
    pub fn fraction(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_suffix('%')
            .and_then(|percent| percent.trim().parse::<f64>().ok())
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(|percent| Self(percent / 100.0))
            .ok_or_else(|| format!("`{text}` is no share such as 5%"))
    }
}

/// Reads seats such as `RPADEVNU=50,ATTUNU=20`.
///
/// # Errors
/// When a code is misspelt, named twice, or has no number.
pub fn parse_seats(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let mut seats = BTreeMap::new();
    for pair in text.split(',').map(str::trim) {
        let (code, total) = pair
            .split_once('=')
            .and_then(|(code, total)| Some((code.trim(), total.trim().parse().ok()?)))
            .ok_or_else(|| format!("`{pair}` is no number of seats such as ATTUNU=20"))?;
        // The service may know codes that the catalog does not; a slip of the keyboard is none of them.
        let code = match (catalog::find(code), Catalog::default().suggest(code)) {
            (Some(entry), _) => entry.code,
            (None, Some(meant)) => return Err(format!("`{code}`: did you mean {meant}?")),
            (None, None) if code.is_empty() => return Err("a code is empty".to_owned()),
            (None, None) => code,
        };
        if seats.insert(code.to_owned(), total).is_some() {
            return Err(format!("{code} is named twice"));
        }
    }
    Ok(seats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_read_by_code() {
        let seats = parse_seats("RPADEVNU=50, attunu=20").unwrap();
        assert_eq!(
            seats,
            BTreeMap::from([("ATTUNU".into(), 20), ("RPADEVNU".into(), 50)])
        );
        for wrong in [
            "",
            "IDU",
            "IDU=",
            "IDU=-1",
            "ATTUNUU=1",
            "=1",
            "IDU=1,idu=2",
        ] {
            assert!(parse_seats(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_written_in_percent() {
        assert_eq!("5%".parse::<Share>().map(Share::fraction), Ok(0.05));
        for wrong in ["5", "101%", "-1%", "%", "NaN%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }
}
