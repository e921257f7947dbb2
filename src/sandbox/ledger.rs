//! Seats and who holds them, with the service's semantics: replace, all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Allocation, AllocationRequest};
use crate::catalog;

/// The organisation that the sandbox names in its answers.
const ORGANIZATION: &str = "00000000-5ea7-4000-8000-000000000001";

/// What one user holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLicenses {
    pub user_bundle_codes: BTreeSet<String>,
    /// Whether the licences come from an external provider.
    pub use_external_license: bool,
}

/// How many seats of one code there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Seats {
    pub total: u64,
    pub taken: u64,
}

/// Why a request is refused. A refused request changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// 400.
    Malformed(String),
    /// 409.
    NotEnoughSeats(String),
}

/// The books of one account.
#[derive(Debug, Default)]
pub struct Ledger {
    seats: BTreeMap<String, Seats>,
    holdings: BTreeMap<String, UserLicenses>,
}

impl Ledger {
    /// An account that has bought so many seats of each code, and of other codes none.
    pub fn new(bought: &BTreeMap<String, u64>) -> Self {
        let seats = bought
            .iter()
            .map(|(code, &total)| (code.clone(), Seats { total, taken: 0 }))
            .collect();
        Self {
            seats,
            holdings: BTreeMap::new(),
        }
    }

    /// The seats, by code.
    pub fn seats(&self) -> &BTreeMap<String, Seats> {
        &self.seats
    }

    /// What each user holds.
    pub fn holdings(&self) -> &BTreeMap<String, UserLicenses> {
        &self.holdings
    }

    /// Gives every user of the request every code of it, in place of what it held.
    ///
    /// # Errors
    /// When the request makes no sense or there are too few seats; then nothing has changed.
    pub fn allocate(&mut self, request: &AllocationRequest) -> Result<Vec<Allocation>, Refused> {
        let users: BTreeSet<&str> = request.user_ids.iter().map(String::as_str).collect();
        let codes: BTreeSet<&String> = request.user_bundle_codes.iter().collect();
        self.check(&users, &codes)?;
        self.check_seats(&users, &codes)?;

        for &user in &users {
            let holding = UserLicenses {
                user_bundle_codes: codes.iter().copied().cloned().collect(),
                use_external_license: request.use_external_license,
            };
            let before = self.holdings.insert(user.to_owned(), holding);
            for code in before.iter().flat_map(|held| &held.user_bundle_codes) {
                self.seat(code).taken -= 1;
            }
            for code in &codes {
                self.seat(code).taken += 1;
            }
        }
        let allocation = |user_id: &String| Allocation {
            user_id: user_id.clone(),
            organization_id: Some(ORGANIZATION.into()),
            use_external_license: Some(request.use_external_license),
            user_bundle_codes: Some(request.user_bundle_codes.clone()),
        };
        Ok(request.user_ids.iter().map(allocation).collect())
    }

    fn check(&self, users: &BTreeSet<&str>, codes: &BTreeSet<&String>) -> Result<(), Refused> {
        let malformed = |what: String| Err(Refused::Malformed(what));
        if users.is_empty() || codes.is_empty() {
            return malformed("userIds and userBundleCodes may not be empty".to_owned());
        }
        if users.iter().any(|user| user.trim().is_empty()) {
            return malformed("a user ID is empty".to_owned());
        }
        let is_known = |code: &str| catalog::find(code).is_some() || self.seats.contains_key(code);
        match codes.iter().find(|code| !is_known(code)) {
            Some(code) => malformed(format!("{code} is no user bundle code")),
            None => Ok(()),
        }
    }

    fn check_seats(
        &self,
        users: &BTreeSet<&str>,
        codes: &BTreeSet<&String>,
    ) -> Result<(), Refused> {
        for &code in codes {
            let Seats { total, taken } = self
                .seats
                .get(code)
                .copied()
                .unwrap_or(Seats { total: 0, taken: 0 });
            let holds_already = |user: &&&str| {
                self.holdings
                    .get(**user)
                    .is_some_and(|held| held.user_bundle_codes.contains(code))
            };
            let needed = users.len() - users.iter().filter(holds_already).count();
            if needed as u64 > total - taken {
                return Err(Refused::NotEnoughSeats(format!(
                    "The allocation exceeds the account's licence quantities: {code} needs {needed} more and has {} of {total} free",
                    total - taken
                )));
            }
        }
        Ok(())
    }

    fn seat(&mut self, code: &str) -> &mut Seats {
        self.seats
            .get_mut(code)
            .expect("only codes with seats are ever held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(bought: &[(&str, u64)]) -> Ledger {
        Ledger::new(
            &bought
                .iter()
                .map(|&(code, total)| (code.to_owned(), total))
                .collect(),
        )
    }

    fn request(users: &[&str], codes: &[&str]) -> AllocationRequest {
        AllocationRequest {
            user_ids: users.iter().map(ToString::to_string).collect(),
            user_bundle_codes: codes.iter().map(ToString::to_string).collect(),
            use_external_license: false,
        }
    }

    #[test]
    fn an_allocation_replaces_what_the_user_held_and_frees_its_seats() {
        let mut ledger = ledger(&[("IDU", 2), ("PMD", 2)]);
        ledger.allocate(&request(&["a", "b"], &["IDU"])).unwrap();
        ledger.allocate(&request(&["a"], &["PMD"])).unwrap();
        assert_eq!(ledger.seats()["IDU"].taken, 1);
        assert_eq!(ledger.seats()["PMD"].taken, 1);
        assert!(ledger.holdings()["a"].user_bundle_codes.contains("PMD"));
        assert!(!ledger.holdings()["a"].user_bundle_codes.contains("IDU"));
    }

    #[test]
    fn one_user_too_many_refuses_all_and_changes_nothing() {
        let mut ledger = ledger(&[("IDU", 2)]);
        let three = request(&["a", "b", "c"], &["IDU"]);
        let refused = ledger.allocate(&three);
        assert!(matches!(refused, Err(Refused::NotEnoughSeats(_))));
        assert!(ledger.holdings().is_empty());
    }

    #[test]
    fn who_holds_a_code_already_needs_no_further_seat() {
        let mut ledger = ledger(&[("IDU", 1), ("PMD", 1)]);
        ledger.allocate(&request(&["a"], &["IDU"])).unwrap();
        ledger.allocate(&request(&["a"], &["IDU", "PMD"])).unwrap();
        assert_eq!(ledger.seats()["IDU"].taken, 1);
    }

    #[test]
    fn nonsense_is_malformed() {
        let mut ledger = ledger(&[("IDU", 1)]);
        for nonsense in [
            request(&[], &["IDU"]),
            request(&["a"], &[]),
            request(&["a"], &["OFFICE"]),
            request(&[" "], &["IDU"]),
        ] {
            assert!(matches!(
                ledger.allocate(&nonsense),
                Err(Refused::Malformed(_))
            ));
        }
    }
}
