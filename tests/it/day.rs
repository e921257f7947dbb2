//! A day of a large run at the service's quota: outages, refusals, broken connections and kills, on a paused clock.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seatload::api::{Response, ResponseKind, SignInError};
use seatload::dispatch::{self, Policy};
use seatload::event::Event;
use seatload::outcome::Outcome;
use seatload::plan::Plan;
use seatload::roster::UserIndex;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::support::run::Run;
use crate::support::service::{FakeService, Sent, answer, by_seats, lost, with_retry_after};

const QUOTA: usize = 160;
const WINDOW: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3600);

/// So many that a day's quota is not enough for them, at one user a request.
const USERS: usize = 45_000;

/// What the service does with a request: some minutes of every third hour it gives no tokens, and of all requests some
/// break, fail, or are told to wait.
fn misbehave(sent: &Sent, random: &mut fastrand::Rng) -> Option<Response> {
    let since = Duration::from_nanos((sent.at.as_nanos() % (3 * HOUR).as_nanos()) as u64);
    if (HOUR..HOUR + Duration::from_secs(420)).contains(&since) {
        let reason = "the token service is away".to_owned();
        let failed = SignInError::Transient { reason, wait: None };
        return Some(ResponseKind::NotSignedIn(failed).into());
    }
    match random.u32(..1000) {
        0..10 => Some(lost(false)),
        10..20 => Some(answer(503, "")),
        20..22 => Some(with_retry_after(answer(429, "slow down"), 90)),
        _ => None,
    }
}

/// What a session of the run leaves behind: its records, and when it last showed that it was alive.
#[derive(Default)]
struct Folder {
    succeeded: HashSet<UserIndex>,
    written_ahead: RefCell<HashSet<UserIndex>>,
    heartbeat: Cell<Option<Instant>>,
}

impl Folder {
    fn policy(&self, run: &Run, seed: u64) -> Policy {
        let written = self.written_ahead.borrow();
        Policy {
            rate: "160/5m".parse().unwrap(),
            burst: 16.try_into().unwrap(),
            has_succeeded: !self.succeeded.is_empty(),
            maybe_applied: written.difference(&self.succeeded).copied().collect(),
            since_last_heartbeat: self.heartbeat.get().map(|at| at.elapsed()),
            seed,
            ..run.policy.clone()
        }
    }

    /// Sends the users that are left, until the end, a stop or the kill. A kill loses what is not recorded yet.
    async fn session(&mut self, run: &Run, service: &FakeService, seed: u64, kill: Duration) {
        let all = run.assignments();
        let left = all.sendable_users();
        let left = left.filter(|user| !self.succeeded.contains(user));
        let plan = Plan::new(all, left, NonZeroUsize::MIN);
        let policy = self.policy(run, seed);
        let (sender, mut receiver) = mpsc::channel(16);
        let write_ahead = |users: &[UserIndex]| {
            self.written_ahead.borrow_mut().extend(users);
            self.heartbeat.set(Some(Instant::now()));
            true
        };
        let interrupt = &run.interrupt;
        let sending = dispatch::run(service, write_ahead, all, &plan, &policy, interrupt, sender);
        let mut recorded = Vec::new();
        let recording = async {
            while let Some(events) = receiver.recv().await {
                recorded.extend(events);
            }
        };
        let _ = timeout(kill, async { tokio::join!(sending, recording) }).await;
        for event in recorded {
            let Event::Decided(decision) = event else {
                continue;
            };
            assert!(
                matches!(decision.outcome, Outcome::Success { .. }),
                "{decision:?}"
            );
            for user in decision.users {
                assert!(self.succeeded.insert(user), "a user was decided twice");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_of_outages_and_kills_keeps_the_quota_and_loses_no_user() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let counted = Arc::clone(&arrivals);
    let mut random = fastrand::Rng::with_seed(22);
    let service = FakeService::new().uneven().script(move |sent, ledger| {
        let failure = misbehave(sent, &mut random);
        let has_arrived = !matches!(
            failure.as_ref().map(|response| &response.kind),
            Some(ResponseKind::NotSignedIn(_) | ResponseKind::NoResponse { .. })
        );
        if has_arrived {
            counted
                .lock()
                .unwrap()
                .push((sent.at, sent.request.user_ids[0].clone()));
        }
        // One response in a hundred is lost after the request was applied.
        match failure {
            None if random.u32(..100) == 0 => {
                by_seats(ledger, &sent.request);
                Some(lost(true))
            }
            failure => failure,
        }
    });
    let run = Run::of_users(USERS);
    let start = Instant::now();
    let mut folder = Folder::default();
    let mut sessions = fastrand::Rng::with_seed(4);
    let mut count = 0;
    while folder.succeeded.len() < USERS {
        count += 1;
        assert!(count < 200, "{} of {USERS} users", folder.succeeded.len());
        let kill = HOUR.mul_f64(0.1 + 3.0 * sessions.f64());
        folder.session(&run, &service, sessions.u64(..), kill).await;
        // Somebody resumes it at once, or after some minutes.
        sleep(Duration::from_secs(sessions.u64(..400))).await;
    }

    let took = start.elapsed();
    assert!(
        (24 * HOUR..30 * HOUR).contains(&took),
        "{took:?} in {count} sessions"
    );
    for user in run.assignments().sendable_users() {
        let user_id = run.assignments().user_id(user).to_string();
        assert_eq!(
            service.codes_of(&user_id).as_deref(),
            Some("IDU"),
            "{user_id}"
        );
    }
    let arrivals = arrivals.lock().unwrap();
    let times: Vec<_> = arrivals.iter().map(|(at, _)| *at).collect();
    assert!(times.is_sorted());
    for pair in times.windows(QUOTA + 1) {
        let [first, .., last] = pair else {
            unreachable!("windows of more than one")
        };
        assert!(
            *last - *first > WINDOW,
            "{QUOTA} requests and one more from {first:?}"
        );
    }
    // Users are sent again only where a response was lost, or a kill came before the record.
    let mut times_sent: HashMap<&str, u32> = HashMap::new();
    for (_, user) in arrivals.iter() {
        *times_sent.entry(user).or_default() += 1;
    }
    let again = times_sent.values().filter(|times| **times > 1).count();
    assert!(again < USERS / 25, "{again} users were sent more than once");
}
