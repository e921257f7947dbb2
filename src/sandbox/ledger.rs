//! The seats and the users who have them. As in the service, a request replaces, and is applied whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::api::{Allocation, AllocationRequest};
use crate::catalog;
use crate::user_id::UserKey;

/// The organisation that the sandbox names in its answers.
const ORGANIZATION: &str = "00000000-5ea7-4000-8000-000000000001";

/// The direct allocation of one user.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLicenses {
    pub user_bundle_codes: BTreeSet<String>,
    /// Whether the licences come from an external provider.
    pub use_external_license: bool,
}

/// The licences that one user has: a direct allocation, even of nothing, replaces those of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveLicenses<'a> {
    pub codes: &'a BTreeSet<String>,
    pub external: bool,
    pub is_inherited: bool,
}

/// How many seats of one code there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Seats {
    pub total: u64,
    pub taken: u64,
}

impl Seats {
    fn free(self) -> u64 {
        self.total.saturating_sub(self.taken)
    }
}

/// Why a request is refused. A refused request changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// 400.
    Malformed(String),
    /// 409.
    NotEnoughSeats(String),
}

/// The seats and users of one account.
#[derive(Debug, Default)]
pub struct Ledger {
    seats: BTreeMap<String, Seats>,
    direct: BTreeMap<String, UserLicenses>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

impl Ledger {
    /// An account with these seats. Other codes have none.
    pub fn new(bought: &BTreeMap<String, u64>) -> Self {
        let seats = bought
            .iter()
            .map(|(code, &total)| (code.clone(), Seats { total, taken: 0 }))
            .collect();
        Self {
            seats,
            ..Self::default()
        }
    }

    /// The seats, by code.
    pub fn seats(&self) -> &BTreeMap<String, Seats> {
        &self.seats
    }

    /// The direct allocation of each user.
    pub fn direct(&self) -> &BTreeMap<String, UserLicenses> {
        &self.direct
    }

    /// The licences of a user, if it has an allocation or a group.
    pub fn effective(&self, user_id: &str) -> Option<EffectiveLicenses<'_>> {
        let user_id = identity(user_id);
        match self.direct.get(&user_id) {
            Some(direct) => Some(EffectiveLicenses {
                codes: &direct.user_bundle_codes,
                external: direct.use_external_license,
                is_inherited: false,
            }),
            None => self.groups.get(&user_id).map(|codes| EffectiveLicenses {
                codes,
                external: false,
                is_inherited: true,
            }),
        }
    }

    /// Every user with an allocation or a group, in the order of their IDs.
    pub fn users(&self) -> BTreeSet<&str> {
        let users = self.direct.keys().chain(self.groups.keys());
        users.map(String::as_str).collect()
    }

    /// Allocates every code of the request to every user of it, in place of what the user had.
    ///
    /// # Errors
    /// When the request is invalid, or there are too few seats. Then nothing has changed.
    pub fn allocate(&mut self, request: &AllocationRequest) -> Result<Vec<Allocation>, Refused> {
        let users: BTreeSet<String> = request.user_ids.iter().map(|id| identity(id)).collect();
        let codes: BTreeSet<&String> = request.user_bundle_codes.iter().collect();
        self.check(&users, &codes)?;
        self.check_seats(&users, &codes)?;
        for user in users {
            let licenses = UserLicenses {
                user_bundle_codes: codes.iter().copied().cloned().collect(),
                use_external_license: request.use_external_license,
            };
            self.change(user, Some(licenses));
        }
        let allocation = |user_id: &String| Allocation {
            user_id: user_id.clone(),
            organization_id: Some(ORGANIZATION.into()),
            use_external_license: Some(request.use_external_license),
            user_bundle_codes: Some(request.user_bundle_codes.clone()),
        };
        Ok(request.user_ids.iter().map(allocation).collect())
    }

    /// Ends the direct allocations of users: what groups give them applies again.
    pub fn remove(&mut self, user_ids: &[String]) {
        for user_id in user_ids {
            self.change(identity(user_id), None);
        }
    }

    /// A group gives a user a code.
    pub fn add_to_group(&mut self, user_id: &str, code: &str) {
        let user_id = identity(user_id);
        let is_hidden = self.direct.contains_key(&user_id);
        let is_new = self
            .groups
            .entry(user_id)
            .or_default()
            .insert(code.to_owned());
        if is_new && !is_hidden {
            self.seat(code).taken += 1;
        }
    }

    /// Replaces a user's direct allocation, and moves the seats.
    fn change(&mut self, user: String, direct: Option<UserLicenses>) {
        let codes = |effective: Option<EffectiveLicenses<'_>>| {
            effective
                .map(|licenses| licenses.codes.clone())
                .unwrap_or_default()
        };
        let before = codes(self.effective(&user));
        match direct {
            Some(direct) => self.direct.insert(user.clone(), direct),
            None => self.direct.remove(&user),
        };
        let after = codes(self.effective(&user));
        for code in &before {
            self.seat(code).taken -= 1;
        }
        for code in &after {
            self.seat(code).taken += 1;
        }
    }

    fn check(&self, users: &BTreeSet<String>, codes: &BTreeSet<&String>) -> Result<(), Refused> {
        let malformed = |what: String| Err(Refused::Malformed(what));
        if users.is_empty() {
            return malformed("userIds may not be empty".to_owned());
        }
        if users.iter().any(|user| user.trim().is_empty()) {
            return malformed("a user ID is empty".to_owned());
        }
        let is_known = |code: &str| catalog::find(code).is_some() || self.seats.contains_key(code);
        match codes.iter().find(|code| !is_known(code)) {
            Some(code) => malformed(format!("{code} is not a user bundle code")),
            None => Ok(()),
        }
    }

    fn check_seats(
        &self,
        users: &BTreeSet<String>,
        codes: &BTreeSet<&String>,
    ) -> Result<(), Refused> {
        for &code in codes {
            let seats = self.seats.get(code).copied().unwrap_or_default();
            let has_already = |user: &&String| {
                let licenses = self.effective(user);
                licenses.is_some_and(|licenses| licenses.codes.contains(code))
            };
            let needed = users.len() - users.iter().filter(has_already).count();
            if needed as u64 > seats.free() {
                return Err(Refused::NotEnoughSeats(format!(
                    "The allocation exceeds the account's licence quantities: {code} needs {needed} more and has {} of {} free",
                    seats.free(),
                    seats.total
                )));
            }
        }
        Ok(())
    }

    fn seat(&mut self, code: &str) -> &mut Seats {
        self.seats.entry(code.to_owned()).or_default()
    }
}

/// The same text for every spelling of a user ID: a GUID has hyphens and small letters.
fn identity(user_id: &str) -> String {
    match UserKey::of(user_id) {
        UserKey::Guid(guid) => Uuid::from_u128(guid).to_string(),
        UserKey::Text(text) => text.to_owned(),
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
    fn an_allocation_replaces_what_the_user_had_and_frees_its_seats() {
        let mut ledger = ledger(&[("IDU", 2), ("PMD", 2)]);
        ledger.allocate(&request(&["a", "b"], &["IDU"])).unwrap();
        ledger.allocate(&request(&["a"], &["PMD"])).unwrap();
        assert_eq!(ledger.seats()["IDU"].taken, 1);
        assert_eq!(ledger.seats()["PMD"].taken, 1);
        assert!(ledger.direct()["a"].user_bundle_codes.contains("PMD"));
        assert!(!ledger.direct()["a"].user_bundle_codes.contains("IDU"));
    }

    #[test]
    fn one_user_too_many_refuses_all_and_changes_nothing() {
        let mut ledger = ledger(&[("IDU", 2)]);
        let three = request(&["a", "b", "c"], &["IDU"]);
        let refused = ledger.allocate(&three);
        assert!(matches!(refused, Err(Refused::NotEnoughSeats(_))));
        assert!(ledger.direct().is_empty());
    }

    #[test]
    fn a_user_who_has_a_code_needs_no_further_seat() {
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
            request(&["a"], &["OFFICE"]),
            request(&[" "], &["IDU"]),
        ] {
            assert!(matches!(
                ledger.allocate(&nonsense),
                Err(Refused::Malformed(_))
            ));
        }
    }

    #[test]
    fn a_direct_allocation_replaces_what_a_group_gives_until_it_is_removed() {
        let mut ledger = ledger(&[("IDU", 2), ("PMD", 2)]);
        ledger.add_to_group("a", "IDU");
        assert!(ledger.effective("a").unwrap().is_inherited);
        ledger.allocate(&request(&["a"], &[])).unwrap();
        assert!(ledger.effective("a").unwrap().codes.is_empty());
        assert_eq!(ledger.seats()["IDU"].taken, 0);
        ledger.remove(&["a".to_owned()]);
        assert!(ledger.effective("a").unwrap().codes.contains("IDU"));
        assert_eq!(ledger.seats()["IDU"].taken, 1);
    }

    #[test]
    fn a_guid_is_one_user_in_any_spelling() {
        let mut ledger = ledger(&[("IDU", 1)]);
        let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        ledger
            .allocate(&request(&[&guid.to_uppercase()], &["IDU"]))
            .unwrap();
        assert!(ledger.effective(guid).is_some());
    }
}
