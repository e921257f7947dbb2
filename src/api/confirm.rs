//! Finds the users that were asked for in what the service says it did.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use hashbrown::HashMap;

use super::{Allocation, AllocationRequest, UserIds};
use crate::user_id::UserKey;

/// The users of a request, as places in it, by whether an answer names them with all that was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// Confirmed, by the organisation that is named with them.
    pub confirmed: Vec<(Arc<str>, Vec<usize>)>,
    /// Not named, or with other codes, or with another external flag.
    pub unconfirmed: Vec<usize>,
}

impl Confirmation {
    /// What allocations confirm of a request.
    ///
    /// They are matched by user ID, never by position; the codes' order does not matter. A user that is named twice is
    /// confirmed only if both agree.
    pub fn of<'a>(
        request: &AllocationRequest,
        allocations: impl IntoIterator<Item = &'a Allocation<'a>>,
    ) -> Self {
        let mut confirming = Confirming::new(request);
        for allocation in allocations {
            confirming.note(allocation);
        }
        confirming.finish()
    }
}

/// Takes allocations one after the other, and keeps of each no more than what it confirms.
pub struct Confirming<'a> {
    request: &'a AllocationRequest,
    places: Places<'a>,
    /// By place.
    said: Vec<Said>,
    organizations: Vec<Arc<str>>,
}

/// What has been said about a user so far.
#[derive(Debug, Clone, Copy)]
enum Said {
    Nothing,
    /// That it holds what was asked, as a user of that organisation.
    AsAsked(usize),
    Otherwise,
}

impl<'a> Confirming<'a> {
    pub fn new(request: &'a AllocationRequest) -> Self {
        Self {
            request,
            places: Places::new(&request.user_ids),
            said: vec![Said::Nothing; request.user_ids.len()],
            organizations: Vec::new(),
        }
    }

    pub fn note(&mut self, allocation: &Allocation<'_>) {
        let Some(place) = self.places.of(&allocation.user_id) else {
            return;
        };
        self.said[place] = match self.said[place] {
            _ if !is_as_asked(self.request, allocation) => Said::Otherwise,
            Said::Nothing => Said::AsAsked(self.organization(allocation)),
            before => before,
        };
    }

    /// The place of the allocation's organisation: an answer names one many times.
    fn organization(&mut self, allocation: &Allocation<'_>) -> usize {
        let named = allocation.organization_id.as_deref().unwrap_or_default();
        let known = self
            .organizations
            .iter()
            .position(|known| **known == *named);
        known.unwrap_or_else(|| {
            self.organizations.push(named.into());
            self.organizations.len() - 1
        })
    }

    pub fn finish(self) -> Confirmation {
        let organizations = self.organizations.into_iter();
        let mut confirmed: Vec<_> = organizations.map(|named| (named, Vec::new())).collect();
        let mut unconfirmed = Vec::new();
        for (place, said) in self.said.into_iter().enumerate() {
            match said {
                Said::AsAsked(organization) => confirmed[organization].1.push(place),
                Said::Nothing | Said::Otherwise => unconfirmed.push(place),
            }
        }
        // Whoever was named with an organisation may have been contradicted since.
        confirmed.retain(|(_, places)| !places.is_empty());
        Confirmation {
            confirmed,
            unconfirmed,
        }
    }
}

fn is_as_asked(request: &AllocationRequest, allocation: &Allocation<'_>) -> bool {
    let (asked, held) = (&request.user_bundle_codes, &allocation.user_bundle_codes);
    let holds = |code: &String| held.iter().any(|held| held.eq_ignore_ascii_case(code));
    let was_asked = |held: &Cow<str>| asked.iter().any(|code| held.eq_ignore_ascii_case(code));
    allocation.use_external_license == Some(request.use_external_license)
        && asked.iter().all(holds)
        && held.iter().all(was_asked)
}

/// Where users stand among those asked for.
struct Places<'a> {
    users: &'a UserIds,
    /// An answer in the request's order, as services give it, goes on here: so nobody need be looked for.
    next: usize,
    /// All places, once they are needed.
    all: OnceCell<HashMap<UserKey<'a>, usize>>,
}

impl<'a> Places<'a> {
    fn new(users: &'a UserIds) -> Self {
        Self {
            users,
            next: 0,
            all: OnceCell::new(),
        }
    }

    fn of(&mut self, user_id: &str) -> Option<usize> {
        let place = match self.users.get(self.next) {
            Some(next) if next == user_id => self.next,
            _ => {
                let users = self.users.iter().zip(0..);
                let all = || users.map(|(user, at)| (UserKey::of(user), at)).collect();
                *self.all.get_or_init(all).get(&UserKey::of(user_id))?
            }
        };
        self.next = place + 1;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::message::tests;

    const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn asking_for(users: &[&str]) -> AllocationRequest {
        AllocationRequest {
            user_bundle_codes: vec!["IDU".into(), "PMD".into()],
            use_external_license: true,
            ..tests::asking_for(users)
        }
    }

    fn held(user: &str, codes: &[&'static str], external: Option<bool>) -> Allocation<'static> {
        Allocation {
            user_id: user.to_owned().into(),
            organization_id: Some("org".into()),
            use_external_license: external,
            user_bundle_codes: codes.iter().map(|&code| code.into()).collect(),
        }
    }

    fn of_one_organization(places: Vec<usize>) -> Vec<(Arc<str>, Vec<usize>)> {
        vec![("org".into(), places)]
    }

    #[test]
    fn the_order_of_users_and_codes_does_not_matter_nor_a_guids_spelling() {
        let other_spelling = format!("{{{}}}", GUID.to_uppercase());
        let said = [
            held(&other_spelling, &["PMD", "IDU"], Some(true)),
            held("nobody asked for", &[], None),
            held("a", &["idu", "PMD"], Some(true)),
        ];
        let confirmation = Confirmation::of(&asking_for(&["a", GUID]), &said);
        assert_eq!(confirmation.confirmed, of_one_organization(vec![0, 1]));
        assert!(confirmation.unconfirmed.is_empty());
    }

    #[test]
    fn users_are_confirmed_by_the_organisation_that_is_named_with_them() {
        let of_another = Allocation {
            organization_id: None,
            ..held("b", &["IDU", "PMD"], Some(true))
        };
        let said = [
            held("a", &["IDU", "PMD"], Some(true)),
            of_another,
            held("c", &["IDU", "PMD"], Some(true)),
        ];
        let confirmation = Confirmation::of(&asking_for(&["a", "b", "c"]), &said);
        assert_eq!(
            confirmation.confirmed,
            [("org".into(), vec![0, 2]), ("".into(), vec![1])]
        );
    }

    #[test]
    fn a_user_is_confirmed_only_with_exactly_what_was_asked() {
        let asked = asking_for(&["a"]);
        let as_asked = || held("a", &["IDU", "PMD"], Some(true));
        for right in [vec![as_asked()], vec![as_asked(), as_asked()]] {
            let confirmation = Confirmation::of(&asked, &right);
            assert_eq!(confirmation.confirmed, of_one_organization(vec![0]));
        }
        for (why, wrong) in [
            ("left out", vec![]),
            ("another user", vec![held("b", &["IDU", "PMD"], Some(true))]),
            ("a code less", vec![held("a", &["IDU"], Some(true))]),
            (
                "a code more",
                vec![held("a", &["IDU", "PMD", "TSTNU"], Some(true))],
            ),
            (
                "another code",
                vec![held("a", &["IDU", "TSTNU"], Some(true))],
            ),
            (
                "another flag",
                vec![held("a", &["IDU", "PMD"], Some(false))],
            ),
            ("no flag", vec![held("a", &["IDU", "PMD"], None)]),
            (
                "twice and not the same",
                vec![as_asked(), held("a", &["IDU"], Some(true))],
            ),
            (
                "contradicted and then said again",
                vec![as_asked(), held("a", &["IDU"], Some(true)), as_asked()],
            ),
        ] {
            let confirmation = Confirmation::of(&asked, &wrong);
            assert_eq!(confirmation.confirmed, [], "{why}");
            assert_eq!(confirmation.unconfirmed, [0], "{why}");
        }
    }
}
