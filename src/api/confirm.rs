//! Which users of a request a response confirms.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Allocation, AllocationRequest};
use crate::user_id::UserKey;

/// The users of a request, as places in it, by whether a response confirms them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// Confirmed users, by the organisation that the response names with them.
    pub confirmed: Vec<(Arc<str>, Vec<usize>)>,
    /// Users that the response does not name, or names with other codes or with the other external flag.
    pub unconfirmed: Vec<usize>,
}

/// What a response says about one user.
#[derive(Clone, Copy)]
enum Match<'a> {
    NotNamed,
    /// The user has exactly what was requested, in this organisation.
    AsRequested(&'a str),
    Different,
}

impl Confirmation {
    /// Matches allocations with a request by user ID, never by position; the codes' order does not matter. A user that
    /// is named twice is confirmed only if both entries agree with the request.
    pub fn of(request: &AllocationRequest, allocations: &[Allocation]) -> Self {
        let user_ids = request.user_ids.iter().map(|user_id| UserKey::of(user_id));
        let places: HashMap<_, _> = user_ids.zip(0_usize..).collect();
        let mut matches = vec![Match::NotNamed; request.user_ids.len()];
        for allocation in allocations {
            let Some(&place) = places.get(&UserKey::of(&allocation.user_id)) else {
                continue;
            };
            let organization = allocation.organization_id.as_deref().unwrap_or_default();
            matches[place] = match matches[place] {
                _ if !matches_request(request, allocation) => Match::Different,
                Match::NotNamed => Match::AsRequested(organization),
                earlier => earlier,
            };
        }
        Self::collect(&matches)
    }

    fn collect(matches: &[Match<'_>]) -> Self {
        let mut confirmation = Self::default();
        for (place, found) in matches.iter().enumerate() {
            let Match::AsRequested(organization) = *found else {
                confirmation.unconfirmed.push(place);
                continue;
            };
            let mut confirmed = confirmation.confirmed.iter_mut();
            match confirmed.find(|(known, _)| **known == *organization) {
                Some((_, places)) => places.push(place),
                None => {
                    let organization = Arc::from(organization);
                    confirmation.confirmed.push((organization, vec![place]));
                }
            }
        }
        confirmation
    }
}

fn matches_request(request: &AllocationRequest, allocation: &Allocation) -> bool {
    let requested = &request.user_bundle_codes;
    let Some(reported) = &allocation.user_bundle_codes else {
        return false;
    };
    let contains =
        |codes: &[String], code: &str| codes.iter().any(|known| known.eq_ignore_ascii_case(code));
    allocation.use_external_license == Some(request.use_external_license)
        && requested.iter().all(|code| contains(reported, code))
        && reported.iter().all(|code| contains(requested, code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::message::tests;

    const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn request_for(users: &[&str]) -> AllocationRequest {
        AllocationRequest {
            user_bundle_codes: vec!["IDU".into(), "PMD".into()],
            use_external_license: true,
            ..tests::request_for(users)
        }
    }

    fn allocation(user: &str, codes: &[&str], external: Option<bool>) -> Allocation {
        Allocation {
            user_id: user.to_owned(),
            organization_id: Some("org".into()),
            use_external_license: external,
            user_bundle_codes: Some(codes.iter().map(ToString::to_string).collect()),
        }
    }

    fn of_one_organization(places: Vec<usize>) -> Vec<(Arc<str>, Vec<usize>)> {
        vec![("org".into(), places)]
    }

    #[test]
    fn the_order_of_users_and_codes_does_not_matter_nor_a_guids_spelling() {
        let other_spelling = format!("{{{}}}", GUID.to_uppercase());
        let allocations = [
            allocation(&other_spelling, &["PMD", "IDU"], Some(true)),
            allocation("not requested", &[], None),
            allocation("a", &["idu", "PMD"], Some(true)),
        ];
        let confirmation = Confirmation::of(&request_for(&["a", GUID]), &allocations);
        assert_eq!(confirmation.confirmed, of_one_organization(vec![0, 1]));
        assert!(confirmation.unconfirmed.is_empty());
    }

    #[test]
    fn users_are_confirmed_by_the_organisation_that_is_named_with_them() {
        let of_another = Allocation {
            organization_id: None,
            ..allocation("b", &["IDU", "PMD"], Some(true))
        };
        let allocations = [
            allocation("a", &["IDU", "PMD"], Some(true)),
            of_another,
            allocation("c", &["IDU", "PMD"], Some(true)),
        ];
        let confirmation = Confirmation::of(&request_for(&["a", "b", "c"]), &allocations);
        assert_eq!(
            confirmation.confirmed,
            [("org".into(), vec![0, 2]), ("".into(), vec![1])]
        );
    }

    #[test]
    fn a_user_is_confirmed_only_with_exactly_what_was_requested() {
        let requested = request_for(&["a"]);
        let as_requested = || allocation("a", &["IDU", "PMD"], Some(true));
        for right in [vec![as_requested()], vec![as_requested(), as_requested()]] {
            let confirmation = Confirmation::of(&requested, &right);
            assert_eq!(confirmation.confirmed, of_one_organization(vec![0]));
        }
        for (why, wrong) in [
            ("left out", vec![]),
            (
                "another user",
                vec![allocation("b", &["IDU", "PMD"], Some(true))],
            ),
            ("a code less", vec![allocation("a", &["IDU"], Some(true))]),
            (
                "a code more",
                vec![allocation("a", &["IDU", "PMD", "TSTNU"], Some(true))],
            ),
            (
                "another code",
                vec![allocation("a", &["IDU", "TSTNU"], Some(true))],
            ),
            (
                "another flag",
                vec![allocation("a", &["IDU", "PMD"], Some(false))],
            ),
            ("no flag", vec![allocation("a", &["IDU", "PMD"], None)]),
            (
                "twice and not the same",
                vec![as_requested(), allocation("a", &["IDU"], Some(true))],
            ),
            (
                "contradicted and then repeated",
                vec![
                    as_requested(),
                    allocation("a", &["IDU"], Some(true)),
                    as_requested(),
                ],
            ),
        ] {
            let confirmation = Confirmation::of(&requested, &wrong);
            assert_eq!(confirmation.confirmed, [], "{why}");
            assert_eq!(confirmation.unconfirmed, [0], "{why}");
        }
    }
}
