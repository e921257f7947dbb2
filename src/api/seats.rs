//! The calls that say how many seats there are (API.md, "What the service can answer").

use serde::Deserialize;

use super::call::Call;
use super::organization::Account;

/// The seats of one code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CodeSeats {
    pub code: String,
    pub total: u64,
    #[serde(alias = "used")]
    pub allocated: u64,
}

/// The summary of an account's licences.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LicenseSummary {
    pub user_licenses: Vec<CodeSeats>,
}

/// The ways to ask for seats, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatSource {
    Lease,
    Portal,
    /// Answers with a [`LicenseSummary`].
    Summary,
}

impl SeatSource {
    pub const ALL: [Self; 3] = [Self::Lease, Self::Portal, Self::Summary];

    pub fn call(self, account: &Account) -> Call {
        Call::get(match self {
            Self::Lease => account.lease("user-license"),
            Self::Portal => account
                .organization
                .portal("license/accountant/UserLicense"),
            Self::Summary => account.license("license-summary"),
        })
    }
}
