//! What is still to be sent, and in which order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};

use tokio::time::Instant;

use super::backoff::Backoff;
use crate::dispatch::bisect::Slice;
use crate::outcome::Applied;
use crate::plan::{GroupIndex, Plan};
use crate::roster::UserIndex;

/// Users to be sent in one request, as often as it takes.
#[derive(Debug)]
pub struct Task {
    /// The plan's batch that the users come from, from 1.
    pub batch: usize,
    pub group: GroupIndex,
    pub part: Slice,
    pub purpose: Purpose,
    /// The waits that are left before the retries are used up.
    pub waits: Backoff,
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Allocate,
    /// A part of a batch that was refused.
    Bisect(BisectionId),
    /// Users whom an accepted answer did not confirm.
    Confirm,
}

/// Names one isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BisectionId(pub usize);

/// Jobs at hand, then jobs that rest after a failed attempt, then the plan's batches that nobody has touched.
#[derive(Debug)]
pub struct Queue {
    ready: VecDeque<Task>,
    resting: BinaryHeap<Reverse<Delayed>>,
    /// The next batch of the plan, from 0.
    next_batch: usize,
    /// The most users that a request may hold, as far as the service has shown.
    size_limit: usize,
}

impl Queue {
    pub fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            resting: BinaryHeap::new(),
            next_batch: 0,
            size_limit: usize::MAX,
        }
    }

    /// Puts a job before all others.
    pub fn push_front(&mut self, job: Task) {
        self.ready.push_front(job);
    }

    /// Keeps a job until then.
    pub fn rest(&mut self, job: Task, until: Instant) {
        self.resting.push(Reverse(Delayed { until, job }));
    }

    /// No request holds more users than that from now on.
    pub fn limit_size(&mut self, most: usize) {
        self.size_limit = self.size_limit.min(most.max(1));
    }

    /// Readies the jobs that have rested enough. With `before_others`, they come before all that are at hand.
    pub fn wake_due(&mut self, now: Instant, before_others: bool) {
        while self.next_wake().is_some_and(|until| until <= now) {
            match self.resting.pop() {
                Some(Reverse(rested)) if before_others => self.ready.push_front(rested.job),
                Some(Reverse(rested)) => self.ready.push_back(rested.job),
                None => {}
            }
        }
    }

    /// The groups of the jobs that rest.
    pub fn resting(&self) -> impl Iterator<Item = GroupIndex> {
        self.resting
            .iter()
            .map(|Reverse(resting)| resting.job.group)
    }

    /// When the next resting job is to be sent again.
    pub fn next_wake(&self) -> Option<Instant> {
        self.resting.peek().map(|Reverse(resting)| resting.until)
    }

    /// The next job that is at hand. With `finish_first`, no new batch is begun while a job rests; and none is that
    /// `may_begin` forbids.
    pub fn pop(
        &mut self,
        plan: &Plan,
        finish_first: bool,
        may_begin: impl FnOnce(GroupIndex) -> bool,
        maybe_applied: &HashSet<UserIndex>,
        waits: impl FnOnce() -> Backoff,
    ) -> Option<Task> {
        if let Some(job) = self.ready.pop_front() {
            return Some(self.cut(job));
        }
        if finish_first && !self.resting.is_empty() {
            return None;
        }
        let batch = plan.batches().get(self.next_batch)?;
        if !may_begin(batch.group) {
            return None;
        }
        self.next_batch += 1;
        let users = plan.users(batch);
        let is_applied = users.iter().any(|user| maybe_applied.contains(user));
        let job = Task {
            batch: self.next_batch,
            group: batch.group,
            part: Slice {
                users: users.to_vec(),
                asked: 0,
                applied: match is_applied {
                    true => Applied::Maybe,
                    false => Applied::No,
                },
            },
            purpose: Purpose::Allocate,
            waits: waits(),
        };
        Some(self.cut(job))
    }

    /// Cuts a job down to the size limit; the rest of it comes next. Parts of an isolation are cut by the isolation.
    fn cut(&mut self, mut job: Task) -> Task {
        if job.part.users.len() > self.size_limit && !matches!(job.purpose, Purpose::Bisect(_)) {
            let users = job.part.users.split_off(self.size_limit);
            self.ready.push_front(Task {
                part: Slice { users, ..job.part },
                waits: job.waits.clone(),
                ..job
            });
        }
        job
    }
}

/// A job and when its rest ends; ordered by that.
#[derive(Debug)]
struct Delayed {
    until: Instant,
    job: Task,
}

impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.until, self.job.batch).cmp(&(other.until, other.job.batch))
    }
}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Delayed {}
