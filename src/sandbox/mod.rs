//! The sandbox simulates the service for demonstrations and tests: seats, rejections, a quota, latency, faults.
//!
//! It shares only the messages of `api`.

mod arrivals;
mod identity;
mod ledger;
mod licenses;
mod people;
mod server;
mod state;
mod state_file;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

pub use ledger::{Ledger, Refused, Seats, UserLicenses};
pub use server::Sandbox;
pub use state::StateKeeper;

use crate::catalog;
use crate::rate::Rate;

/// The account of the sandbox by default.
pub const ACCOUNT: &str = "sandbox";

/// Seats of each code by default.
pub const SEATS: u64 = 50;

/// How the sandbox behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxSettings {
    pub account: String,
    /// Seats by code. A code that is left out has none.
    pub seats: BTreeMap<String, u64>,
    /// The time for each response.
    pub latency: Duration,
    /// The time for the response to an allocation, in addition.
    pub allocation_latency: Duration,
    pub rate: Option<Rate>,
    /// The share of requests with a fault.
    pub fail: Share,
    pub seed: u64,
    /// Some people have licences at the start.
    pub has_licensed_people: bool,
    /// The file of what was applied before.
    pub state: Option<PathBuf>,
    /// Changes are appended to that file.
    pub appends: bool,
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
            allocation_latency: Duration::ZERO,
            rate: None,
            fail: Share::default(),
            seed: 0,
            has_licensed_people: false,
            state: None,
            appends: true,
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
            .ok_or_else(|| format!("`{text}` is not a share such as 5%"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_percent() {
        assert_eq!("5%".parse::<Share>().map(Share::fraction), Ok(0.05));
        for wrong in ["5", "101%", "-1%", "%", "NaN%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }
}
