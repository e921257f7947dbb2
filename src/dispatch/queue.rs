//! What is left to send, and in which order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};

use tokio::time::Instant;

use crate::dispatch::bisect::Slice;
use crate::outcome::Applied;
use crate::pacing::Backoff;
use crate::plan::{GroupIndex, Plan};
use crate::roster::UserIndex;

/// Users to send in one request, until they are decided.
#[derive(Debug)]
pub struct Task {
    /// The plan's batch that the users come from, from 1.
    pub batch: usize,
    pub group: GroupIndex,
    pub slice: Slice,
    pub purpose: Purpose,
    /// The delays that are left before the retries are used up.
    pub backoff: Backoff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Allocate,
    /// A slice of a batch that was refused.
    Bisect(BisectionId),
    /// Users that a successful response did not confirm.
    Confirm,
}

/// Identifies a bisection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BisectionId(pub usize);

/// Tasks that are ready, then tasks that wait for a retry, then the plan's batches that are not started.
#[derive(Debug)]
pub struct Queue {
    ready: VecDeque<Task>,
    delayed: BinaryHeap<Reverse<Delayed>>,
    /// The next batch of the plan, from 0.
    next_batch: usize,
    /// The most users in a request, as far as the service has shown.
    size_limit: usize,
}

impl Queue {
    pub fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            delayed: BinaryHeap::new(),
            next_batch: 0,
            size_limit: usize::MAX,
        }
    }

    /// Queues a task before all others.
    pub fn push_front(&mut self, task: Task) {
        self.ready.push_front(task);
    }

    /// Queues a task for a later instant.
    pub fn delay(&mut self, task: Task, until: Instant) {
        self.delayed.push(Reverse(Delayed { until, task }));
    }

    /// No request has more users than that from now on.
    pub fn limit_size(&mut self, most: usize) {
        self.size_limit = self.size_limit.min(most.max(1));
    }

    /// Readies the delayed tasks that are due. With `before_others`, they come before all that are ready.
    pub fn wake_due(&mut self, now: Instant, before_others: bool) {
        while self.next_wake().is_some_and(|until| until <= now) {
            match self.delayed.pop() {
                Some(Reverse(due)) if before_others => self.ready.push_front(due.task),
                Some(Reverse(due)) => self.ready.push_back(due.task),
                None => {}
            }
        }
    }

    /// The groups of the delayed tasks.
    pub fn delayed(&self) -> impl Iterator<Item = GroupIndex> {
        self.delayed
            .iter()
            .map(|Reverse(delayed)| delayed.task.group)
    }

    /// When the next delayed task is due.
    pub fn next_wake(&self) -> Option<Instant> {
        self.delayed.peek().map(|Reverse(delayed)| delayed.until)
    }

    /// The next task that is ready. With `finish_first`, no new batch is started while a task is delayed; `may_start`
    /// says whether one of a group may be.
    pub fn pop(
        &mut self,
        plan: &Plan,
        finish_first: bool,
        may_start: impl FnOnce(GroupIndex) -> bool,
        maybe_applied: &HashSet<UserIndex>,
        backoff: impl FnOnce() -> Backoff,
    ) -> Option<Task> {
        if let Some(task) = self.ready.pop_front() {
            return Some(self.cut(task));
        }
        if finish_first && !self.delayed.is_empty() {
            return None;
        }
        let batch = plan.batches().get(self.next_batch)?;
        if !may_start(batch.group) {
            return None;
        }
        self.next_batch += 1;
        let users = plan.users(batch);
        let may_be_applied = users.iter().any(|user| maybe_applied.contains(user));
        let task = Task {
            batch: self.next_batch,
            group: batch.group,
            slice: Slice {
                users: users.to_vec(),
                attempts: 0,
                applied: match may_be_applied {
                    true => Applied::Maybe,
                    false => Applied::No,
                },
            },
            purpose: Purpose::Allocate,
            backoff: backoff(),
        };
        Some(self.cut(task))
    }

    /// Cuts a task to the size limit; the rest of it comes next. Slices of a bisection are cut by the bisection.
    fn cut(&mut self, mut task: Task) -> Task {
        if task.slice.users.len() > self.size_limit && !matches!(task.purpose, Purpose::Bisect(_)) {
            let users = task.slice.users.split_off(self.size_limit);
            self.ready.push_front(Task {
                slice: Slice {
                    users,
                    ..task.slice
                },
                backoff: task.backoff.clone(),
                ..task
            });
        }
        task
    }
}

/// A task and when it is due; ordered by that.
#[derive(Debug)]
struct Delayed {
    until: Instant,
    task: Task,
}

impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.until, self.task.batch).cmp(&(other.until, other.task.batch))
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
