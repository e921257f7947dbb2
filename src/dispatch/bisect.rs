//! Finds out whom a rejection is about, by halves.
//!
//! One user too many rejects a whole batch. The batch is split until each user has an answer of its
//! own, in the file's order, one slice at a time.

use crate::outcome::Applied;
use crate::roster::UserIndex;

/// Users that are sent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub users: Vec<UserIndex>,
    pub attempts: u32,
    /// Whether an attempt may have been applied.
    pub applied: Applied,
}

/// How a slice was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SliceResult {
    Accepted,
    /// The service refused it; a slice of several users comes back to be split.
    Rejected(Slice),
    /// No response that says anything about the users.
    NoAnswer,
}

/// A rejected batch on its way to a response for each of its users.
#[derive(Debug)]
pub struct Bisection {
    /// Slices that are left, the next one on top.
    rest: Vec<Pending>,
    /// The slice that is being asked is the first half of a slice known to be rejected: if the service
    /// takes it, then the second half, on top of `rest`, is to blame and need not be asked whole.
    first_half: bool,
    largest_accepted: usize,
    /// No user was rejected alone, and every slice has a response.
    all_accepted: bool,
}

#[derive(Debug)]
struct Pending {
    slice: Slice,
    known_rejected: bool,
}

impl Bisection {
    /// Begins with a slice of several users that the service has refused.
    pub fn new(rejected: Slice) -> Self {
        Self {
            rest: vec![Pending {
                slice: rejected,
                known_rejected: true,
            }],
            first_half: false,
            largest_accepted: 0,
            all_accepted: true,
        }
    }

    /// The next slice to ask for.
    pub fn next_slice(&mut self) -> Option<Slice> {
        let Pending {
            mut slice,
            known_rejected,
        } = self.rest.pop()?;
        self.first_half = known_rejected && slice.users.len() > 1;
        if self.first_half {
            let second = slice.users.split_off(slice.users.len() / 2);
            self.rest.push(Pending {
                slice: Slice {
                    users: second,
                    ..slice
                },
                known_rejected: false,
            });
        }
        Some(slice)
    }

    /// Takes note of how the last slice from [`next_slice`](Self::next_slice), of `users` users, was answered.
    pub fn record(&mut self, users: usize, end: SliceResult) {
        match end {
            SliceResult::Accepted => {
                self.largest_accepted = self.largest_accepted.max(users);
                if self.first_half
                    && let Some(second) = self.rest.last_mut()
                {
                    second.known_rejected = true;
                }
            }
            SliceResult::Rejected(slice) if slice.users.len() > 1 => self.rest.push(Pending {
                slice,
                known_rejected: true,
            }),
            SliceResult::Rejected(_) | SliceResult::NoAnswer => self.all_accepted = false,
        }
        self.first_half = false;
    }

    /// Abandons the bisection: all users without a response of their own, in order.
    pub fn into_rest(self) -> impl Iterator<Item = Slice> {
        self.rest.into_iter().rev().map(|pending| pending.slice)
    }

    /// At the end: how many users a request may have, if no single user was to blame.
    pub fn accepted_size(&self) -> Option<usize> {
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

    struct Bisected {
        requests: usize,
        accepted: Vec<UserIndex>,
        rejected: Vec<UserIndex>,
    }

    /// Isolates a batch at a service that rejects every request which `rejects` does.
    fn bisect(count: usize, mut rejects: impl FnMut(&[UserIndex]) -> bool) -> Bisected {
        let mut bisected = Bisected {
            requests: 1,
            accepted: Vec::new(),
            rejected: Vec::new(),
        };
        let whole = users(count);
        assert!(rejects(&whole));
        let mut bisection = Bisection::new(Slice {
            users: whole,
            attempts: 1,
            applied: Applied::No,
        });
        while let Some(slice) = bisection.next_slice() {
            bisected.requests += 1;
            let size = slice.users.len();
            if !rejects(&slice.users) {
                bisected.accepted.extend(slice.users);
                bisection.record(size, SliceResult::Accepted);
            } else {
                if size == 1 {
                    bisected.rejected.extend(&slice.users);
                }
                bisection.record(size, SliceResult::Rejected(slice));
            }
        }
        bisected
    }

    fn blaming(bad: &[usize]) -> impl FnMut(&[UserIndex]) -> bool {
        move |users| users.iter().any(|user| bad.contains(&user.index()))
    }

    #[test]
    fn three_rejected_users_among_a_hundred_cost_at_most_36_requests() {
        let (mut most, mut all, mut cases) = (0, 0, 0);
        for a in 0..98 {
            for b in a + 1..99 {
                for c in b + 1..100 {
                    let requests = bisect(100, blaming(&[a, b, c])).requests;
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
        let bisected = bisect(100, |users| {
            let refused = users.len() > seats;
            if !refused {
                seats -= users.len();
            }
            refused
        });
        assert_eq!(bisected.accepted, users(37));
        assert_eq!(bisected.rejected, users(100)[37..]);
    }

    #[test]
    fn a_size_that_is_too_large_is_learnt() {
        let mut bisection = Bisection::new(Slice {
            users: users(100),
            attempts: 1,
            applied: Applied::No,
        });
        while let Some(slice) = bisection.next_slice() {
            let size = slice.users.len();
            let end = if size > 30 {
                SliceResult::Rejected(slice)
            } else {
                SliceResult::Accepted
            };
            bisection.record(size, end);
        }
        assert_eq!(bisection.accepted_size(), Some(25));
    }

    proptest! {
        #[test]
        fn every_user_gets_a_response_of_its_own_and_only_the_rejected_are_rejected(
            count in 2_usize..130,
            bad in prop::collection::btree_set(0_usize..130, 1..12),
        ) {
            let bad: Vec<usize> = bad.into_iter().map(|user| user % count).collect();
            let bisected = bisect(count, blaming(&bad));
            let (expected_refused, expected_accepted): (Vec<_>, Vec<_>) =
                users(count).into_iter().partition(|user| bad.contains(&user.index()));
            prop_assert_eq!(bisected.rejected, expected_refused);
            prop_assert_eq!(bisected.accepted, expected_accepted);
        }

        #[test]
        fn giving_up_omits_no_user(count in 2_usize..60, answers in prop::collection::vec(any::<bool>(), 0..20)) {
            let mut bisection = Bisection::new(Slice { users: users(count), attempts: 1, applied: Applied::No });
            let mut seen = Vec::new();
            for accepted in answers {
                let Some(slice) = bisection.next_slice() else { break };
                let size = slice.users.len();
                if accepted || size == 1 {
                    seen.extend(&slice.users);
                    bisection.record(size, if accepted { SliceResult::Accepted } else { SliceResult::Rejected(slice) });
                } else {
                    bisection.record(size, SliceResult::Rejected(slice));
                }
            }
            seen.extend(bisection.into_rest().flat_map(|slice| slice.users));
            prop_assert_eq!(seen, users(count));
        }
    }
}
