//! Finds the users that were asked for in what the service says it did.

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::api::Allocation;
use crate::roster::{Assignments, UserIx};
use crate::user_id::UserKey;

/// The users of a request, by whether the answer names them with all that was asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Confirmation {
    /// Confirmed, each with the organisation that was named.
    pub(super) confirmed: Vec<(UserIx, Arc<str>)>,
    /// Not named, or with other codes, or with another external flag.
    pub(super) unconfirmed: Vec<UserIx>,
}

/// Matches by user ID, never by position; the codes' order does not matter. A user that is named twice is
/// confirmed only if both agree.
pub(super) fn confirm(
    assignments: &Assignments,
    users: &[UserIx],
    allocations: &[Allocation],
) -> Confirmation {
    let user_ids: Vec<_> = users
        .iter()
        .map(|&user| assignments.user_id(user))
        .collect();
    let said = Said::new(allocations, &user_ids);
    let mut organizations: Vec<Arc<str>> = Vec::new();
    let mut confirmation = Confirmation::default();
    for (at, (&user, user_id)) in users.iter().zip(&user_ids).enumerate() {
        let mut answers = said.about(user_id, at).peekable();
        let organization = answers.peek().map(|first| &first.organization_id);
        match organization {
            Some(organization) if answers.all(|said| is_as_asked(assignments, user, said)) => {
                let organization = organization.as_deref().unwrap_or_default();
                let organization = shared(&mut organizations, organization);
                confirmation.confirmed.push((user, organization));
            }
            _ => confirmation.unconfirmed.push(user),
        }
    }
    confirmation
}

/// What an answer says, by user.
enum Said<'a> {
    /// Each user asked for once, and in that order, as services do: so nobody need be looked for.
    InOrder(&'a [Allocation]),
    ByUser(HashMap<UserKey<'a>, Vec<&'a Allocation>>),
}

impl<'a> Said<'a> {
    fn new(allocations: &'a [Allocation], user_ids: &[Cow<'_, str>]) -> Self {
        let is_same = |(said, asked): (&Allocation, &Cow<'_, str>)| said.user_id == *asked;
        let pairs = allocations.iter().zip(user_ids);
        if allocations.len() == user_ids.len() && pairs.into_iter().all(is_same) {
            return Self::InOrder(allocations);
        }
        let mut by_user: HashMap<_, Vec<_>> = HashMap::new();
        for allocation in allocations {
            let key = UserKey::of(&allocation.user_id);
            by_user.entry(key).or_default().push(allocation);
        }
        Self::ByUser(by_user)
    }

    /// All that is said about the user who was asked for at this place.
    fn about<'s>(&'s self, user_id: &'s str, at: usize) -> impl Iterator<Item = &'a Allocation> {
        let (one, all) = match self {
            Self::InOrder(allocations) => (allocations.get(at), None),
            Self::ByUser(by_user) => (None, by_user.get(&UserKey::of(user_id))),
        };
        one.into_iter().chain(all.into_iter().flatten().copied())
    }
}

fn is_as_asked(assignments: &Assignments, user: UserIx, answer: &Allocation) -> bool {
    let asked = || assignments.sets().codes(assignments.set(user));
    let holds = |code: &str| {
        answer
            .user_bundle_codes
            .iter()
            .any(|held| held.eq_ignore_ascii_case(code))
    };
    let was_asked = |held: &String| asked().any(|code| held.eq_ignore_ascii_case(code));
    answer.use_external_license == Some(assignments.external(user))
        && asked().all(holds)
        && answer.user_bundle_codes.iter().all(was_asked)
}

/// One shared text for equal texts: an answer names one organisation many times.
fn shared(known: &mut Vec<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(shared) = known.iter().find(|shared| &***shared == text) {
        return Arc::clone(shared);
    }
    known.push(text.into());
    known[known.len() - 1].clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::input::{Format, RowReader};
    use crate::roster::RosterBuilder;

    const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn asked() -> Assignments {
        let file = format!("userId,codes\na,IDU;PMD\n{GUID},IDU;PMD\n");
        let catalog = Catalog::default();
        let reader = RowReader::new(file.as_bytes(), &Format::default(), &catalog).unwrap();
        let builder = RosterBuilder::new(&catalog, None, true);
        builder.fold(reader).unwrap().assignments
    }

    fn held(user: &str, codes: &[&str], external: Option<bool>) -> Allocation {
        Allocation {
            user_id: user.into(),
            organization_id: Some("org".into()),
            use_external_license: external,
            user_bundle_codes: codes.iter().map(|&code| code.into()).collect(),
        }
    }

    /// Whether `a` is confirmed by these.
    fn confirms(allocations: &[Allocation]) -> bool {
        let asked = asked();
        let users: Vec<_> = asked.good_users().take(1).collect();
        confirm(&asked, &users, allocations).unconfirmed.is_empty()
    }

    #[test]
    fn the_order_of_users_and_codes_does_not_matter_nor_a_guids_spelling() {
        let asked = asked();
        let users: Vec<_> = asked.good_users().collect();
        let allocations = [
            held(
                &format!("{{{}}}", GUID.to_uppercase()),
                &["PMD", "IDU"],
                Some(true),
            ),
            held("nobody asked for", &[], None),
            held("a", &["idu", "PMD"], Some(true)),
        ];
        let confirmation = confirm(&asked, &users, &allocations);
        assert_eq!(confirmation.unconfirmed, []);
        assert!(
            confirmation
                .confirmed
                .iter()
                .all(|(_, organization)| &**organization == "org")
        );
    }

    #[test]
    fn a_user_is_confirmed_only_with_exactly_what_was_asked() {
        assert!(confirms(&[held("a", &["IDU", "PMD"], Some(true))]));
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
                vec![
                    held("a", &["IDU", "PMD"], Some(true)),
                    held("a", &["IDU"], Some(true)),
                ],
            ),
        ] {
            assert!(!confirms(&wrong), "{why}");
        }
    }
}
