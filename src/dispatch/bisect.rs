//! Finds out whom a refusal is about, by halves.
//!
//! One user too many refuses a whole batch. The batch is split until each user has an answer of its
//! own, in the file's order, one part at a time.

use crate::outcome::Applied;
use crate::roster::UserIndex;

/// Users who are asked for together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub users: Vec<UserIndex>,
    pub asked: u32,
    /// Whether any of those may have been applied.
    pub applied: Applied,
}

/// How a part was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SliceResult {
    Accepted,
    /// The service refused it; a part of several users comes back to be split.
    Refused(Slice),
    /// No answer that says anything about the users.
    NoAnswer,
}

/// A refused batch on its way to an answer for each of its users.
#[derive(Debug)]
pub struct Bisection {
    /// What is left to ask, the next on top.
    rest: Vec<Pending>,
    /// The part that is being asked is the first half of a part known to be refused: if the service
    /// takes it, then the second half, on top of `rest`, is to blame and need not be asked whole.
    first_half: bool,
    largest_accepted: usize,
    /// Nobody was refused alone, and every part was answered.
    all_accepted: bool,
}

#[derive(Debug)]
struct Pending {
    part: Slice,
    known_refused: bool,
}

impl Bisection {
    /// Begins with a part of several users that the service has refused.
    pub fn new(refused: Slice) -> Self {
        Self {
            rest: vec![Pending {
                part: refused,
                known_refused: true,
            }],
            first_half: false,
            largest_accepted: 0,
            all_accepted: true,
        }
    }

    /// The next part to ask for.
    pub fn next_part(&mut self) -> Option<Slice> {
        let Pending {
            mut part,
            known_refused,
        } = self.rest.pop()?;
        self.first_half = known_refused && part.users.len() > 1;
        if self.first_half {
            let second = part.users.split_off(part.users.len() / 2);
            self.rest.push(Pending {
                part: Slice {
                    users: second,
                    ..part
                },
                known_refused: false,
            });
        }
        Some(part)
    }

    /// Takes note of how the last part from [`next_part`](Self::next_part), of `users` users, was answered.
    pub fn record(&mut self, users: usize, end: SliceResult) {
        match end {
            SliceResult::Accepted => {
                self.largest_accepted = self.largest_accepted.max(users);
                if self.first_half
                    && let Some(second) = self.rest.last_mut()
                {
                    second.known_refused = true;
                }
            }
            SliceResult::Refused(part) if part.users.len() > 1 => self.rest.push(Pending {
                part,
                known_refused: true,
            }),
            SliceResult::Refused(_) | SliceResult::NoAnswer => self.all_accepted = false,
        }
        self.first_half = false;
    }

    /// Gives up: all users that have no answer of their own yet, in order.
    pub fn into_rest(self) -> impl Iterator<Item = Slice> {
        self.rest.into_iter().rev().map(|pending| pending.part)
    }

    /// At the end: how many users a request can hold, if nobody in particular was to blame.
    pub fn size_to_blame(&self) -> Option<usize> {
        (self.all_accepted && self.largest_accepted > 0).then_some(self.largest_accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::UserIndex;
    use proptest::prelude::*;

    fn users(count: usize) -> Vec<UserIndex> {
        (0..count).map(UserIndex::from_index).collect()
    }

    struct Isolated {
        requests: usize,
        accepted: Vec<UserIndex>,
        refused: Vec<UserIndex>,
    }

    /// Isolates a batch at a service that refuses every request which `refuses` does.
    fn isolate(count: usize, mut refuses: impl FnMut(&[UserIndex]) -> bool) -> Isolated {
        let mut isolated = Isolated {
            requests: 1,
            accepted: Vec::new(),
            refused: Vec::new(),
        };
        let whole = users(count);
        assert!(refuses(&whole));
        let mut isolation = Bisection::new(Slice {
            users: whole,
            asked: 1,
            applied: Applied::No,
        });
        while let Some(part) = isolation.next_part() {
            isolated.requests += 1;
            let size = part.users.len();
            if !refuses(&part.users) {
                isolated.accepted.extend(part.users);
                isolation.record(size, SliceResult::Accepted);
            } else {
                if size == 1 {
                    isolated.refused.extend(&part.users);
                }
                isolation.record(size, SliceResult::Refused(part));
            }
        }
        isolated
    }

    fn blaming(bad: &[usize]) -> impl FnMut(&[UserIndex]) -> bool {
        move |users| users.iter().any(|user| bad.contains(&user.index()))
    }

    #[test]
    fn three_refused_users_among_a_hundred_cost_at_most_36_requests_wherever_they_stand() {
        let (mut most, mut all, mut cases) = (0, 0, 0);
        for a in 0..98 {
            for b in a + 1..99 {
                for c in b + 1..100 {
                    let requests = isolate(100, blaming(&[a, b, c])).requests;
                    most = most.max(requests);
                    all += requests;
                    cases += 1;
                }
            }
        }
        assert!(most <= 36, "{most} at worst");
        assert!(
            all <= 26 * cases,
            "{} on average",
            all as f64 / f64::from(cases as u32)
        );
    }

    #[test]
    fn seats_go_to_the_first_users_of_the_file() {
        let mut seats = 37;
        let isolated = isolate(100, |users| {
            let refused = users.len() > seats;
            if !refused {
                seats -= users.len();
            }
            refused
        });
        assert_eq!(isolated.accepted, users(37));
        assert_eq!(isolated.refused, users(100)[37..]);
    }

    #[test]
    fn a_size_that_is_too_large_is_learnt() {
        let mut isolation = Bisection::new(Slice {
            users: users(100),
            asked: 1,
            applied: Applied::No,
        });
        while let Some(part) = isolation.next_part() {
            let size = part.users.len();
            let end = if size > 30 {
                SliceResult::Refused(part)
            } else {
                SliceResult::Accepted
            };
            isolation.record(size, end);
        }
        assert_eq!(isolation.size_to_blame(), Some(25));
    }

    proptest! {
        #[test]
        fn every_user_gets_an_answer_of_its_own_and_only_the_refused_are_refused(
            count in 2_usize..130,
            bad in prop::collection::btree_set(0_usize..130, 1..12),
        ) {
            let bad: Vec<usize> = bad.into_iter().map(|user| user % count).collect();
            let isolated = isolate(count, blaming(&bad));
            let (expected_refused, expected_accepted): (Vec<_>, Vec<_>) =
                users(count).into_iter().partition(|user| bad.contains(&user.index()));
            prop_assert_eq!(isolated.refused, expected_refused);
            prop_assert_eq!(isolated.accepted, expected_accepted);
        }

        #[test]
        fn giving_up_leaves_nobody_out(count in 2_usize..60, answers in prop::collection::vec(any::<bool>(), 0..20)) {
            let mut isolation = Bisection::new(Slice { users: users(count), asked: 1, applied: Applied::No });
            let mut seen = Vec::new();
            for accepted in answers {
                let Some(part) = isolation.next_part() else { break };
                let size = part.users.len();
                if accepted || size == 1 {
                    seen.extend(&part.users);
                    isolation.record(size, if accepted { SliceResult::Accepted } else { SliceResult::Refused(part) });
                } else {
                    isolation.record(size, SliceResult::Refused(part));
                }
            }
            seen.extend(isolation.into_rest().flat_map(|part| part.users));
            prop_assert_eq!(seen, users(count));
        }
    }
}
