//! Runs a file through dispatch against a service in memory.

use std::collections::{BTreeMap, HashSet};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use seatload::api::Service;
use seatload::catalog::Catalog;
use seatload::dispatch::{self, Policy};
use seatload::event::{Event, StopReason};
use seatload::input::{Format, RowReader};
use seatload::outcome::{Decision, FailureKind, Outcome};
use seatload::plan::Plan;
use seatload::roster::{Assignments, Roster, RosterBuilder, RowOptions, UserIndex};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::service::FakeService;

/// A run to be made.
pub(crate) struct Run {
    pub(crate) roster: Roster,
    pub(crate) policy: Policy,
    pub(crate) batch_size: usize,
    pub(crate) interrupt: CancellationToken,
}

/// What came of a run.
pub(crate) struct Ran {
    /// By user.
    pub(crate) decisions: BTreeMap<String, Decision>,
    /// Users without a decision.
    pub(crate) pending: Vec<String>,
    /// With the time since the run began.
    pub(crate) events: Vec<(Duration, Event)>,
    pub(crate) stop: Option<StopReason>,
    pub(crate) took: Duration,
}

impl Run {
    /// A run of the file's users, as fast as it goes.
    pub(crate) fn of(file: &str) -> Self {
        let catalog = Catalog::default();
        let reader = RowReader::new(file.as_bytes(), &Format::default(), &catalog).unwrap();
        let builder = RosterBuilder::new(&catalog, None, RowOptions::default());
        let roster = builder.build(reader).unwrap();
        assert_eq!(roster.bad_rows, []);
        Self {
            roster,
            policy: Policy {
                seats_suffice: false,
                rate: "10000/s".parse().unwrap(),
                burst: NonZeroU32::new(10000).unwrap(),
                concurrency: NonZeroUsize::new(8).unwrap(),
                max_retries: 5,
                keep_trying: false,
                in_order: false,
                has_succeeded: false,
                maybe_applied: HashSet::new(),
                since_last_heartbeat: None,
                initial_cooldown: None,
                earlier_sends: Vec::new(),
                seed: 7,
            },
            batch_size: 100,
            interrupt: CancellationToken::new(),
        }
    }

    /// A run of `u0`, `u1`, … who all shall hold IDU.
    pub(crate) fn of_users(count: usize) -> Self {
        Self::of(&file_of(count, |_| "IDU"))
    }

    pub(crate) fn batch_size(mut self, users: usize) -> Self {
        self.batch_size = users;
        self
    }

    pub(crate) fn rate(mut self, rate: &str, burst: u32) -> Self {
        self.policy.rate = rate.parse().unwrap();
        self.policy.burst = NonZeroU32::new(burst).unwrap();
        self
    }

    pub(crate) fn concurrency(mut self, requests: usize) -> Self {
        self.policy.concurrency = NonZeroUsize::new(requests).unwrap();
        self
    }

    pub(crate) fn max_retries(mut self, retries: u32) -> Self {
        self.policy.max_retries = retries;
        self
    }

    pub(crate) fn keep_trying(mut self) -> Self {
        self.policy.keep_trying = true;
        self
    }

    pub(crate) fn in_order(mut self) -> Self {
        self.policy.in_order = true;
        self
    }

    pub(crate) fn assignments(&self) -> &Assignments {
        &self.roster.assignments
    }

    pub(crate) async fn at(&self, service: &FakeService) -> Ran {
        let (sender, mut receiver) = mpsc::channel(16);
        let begin = Instant::now();
        let dispatch = self.dispatch(service, |_| true, sender);
        let collect = async {
            let mut events = Vec::new();
            while let Some(together) = receiver.recv().await {
                events.extend(together.into_iter().map(|event| (begin.elapsed(), event)));
            }
            events
        };
        let (stop, events) = tokio::join!(dispatch, collect);
        self.ran(stop, events, begin.elapsed())
    }

    /// The dispatch alone: who takes the events, and who writes ahead, is up to the caller.
    pub(crate) async fn dispatch(
        &self,
        service: &impl Service,
        write_ahead: impl Fn(&[UserIndex]) -> bool,
        events: mpsc::Sender<Vec<Event>>,
    ) -> Option<StopReason> {
        let all = self.assignments();
        let batch_size = NonZeroUsize::new(self.batch_size).unwrap();
        let plan = Plan::new(all, all.sendable_users(), batch_size);
        let (policy, interrupt) = (&self.policy, &self.interrupt);
        dispatch::run(service, write_ahead, all, &plan, policy, interrupt, events).await
    }

    fn ran(&self, stop: Option<StopReason>, events: Vec<(Duration, Event)>, took: Duration) -> Ran {
        let mut decisions = BTreeMap::new();
        for (_, event) in &events {
            let Event::Decided(decided) = event else {
                continue;
            };
            for &user in &decided.users {
                let user = self.assignments().user_id(user).to_string();
                let twice = decisions.insert(user, decided.clone());
                assert_eq!(twice, None, "a user was decided twice");
            }
        }
        let pending = self
            .assignments()
            .sendable_users()
            .map(|user| self.assignments().user_id(user).to_string())
            .filter(|user| !decisions.contains_key(user))
            .collect();
        Ran {
            decisions,
            pending,
            events,
            stop,
            took,
        }
    }
}

impl Ran {
    /// How many users ended so; `success` or the name of a failure.
    pub(crate) fn count(&self, outcome: &str) -> usize {
        self.decisions
            .values()
            .filter(|decision| name(&decision.outcome) == outcome)
            .count()
    }

    /// Who ended so, by name; `success` or the name of a failure.
    pub(crate) fn users(&self, outcome: &str) -> Vec<&str> {
        self.decisions
            .iter()
            .filter(|(_, decision)| name(&decision.outcome) == outcome)
            .map(|(user, _)| user.as_str())
            .collect()
    }

    /// How the user ended: `success`, or the failure's name and message.
    pub(crate) fn outcome(&self, user: &str) -> String {
        match &self.decisions[user].outcome {
            Outcome::Success { .. } => "success".to_owned(),
            Outcome::Failure { kind, message, .. } => format!("{}: {message}", kind.name()),
        }
    }

    pub(crate) fn attempts(&self, user: &str) -> u32 {
        self.decisions[user].attempts
    }

    /// Everyone was decided, and nothing stopped the run.
    pub(crate) fn assert_finished(&self) -> &Self {
        assert_eq!(self.stop, None);
        assert_eq!(self.pending, Vec::<String>::new());
        self
    }

    pub(crate) fn assert_all(&self, kind: FailureKind) {
        assert_eq!(self.count(kind.name()), self.decisions.len());
    }
}

pub(crate) fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Success { .. } => "success",
        Outcome::Failure { kind, .. } => kind.name(),
    }
}

/// A file of `u0`, `u1`, … with these codes.
pub(crate) fn file_of(count: usize, codes: impl Fn(usize) -> &'static str) -> String {
    let rows: String = (0..count)
        .map(|user| format!("u{user},{}\n", codes(user)))
        .collect();
    format!("userId,codes\n{rows}")
}
