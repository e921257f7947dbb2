//! Whom a request names, and what they hold, is on disk before it leaves.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::api::{AllocationRequest, Answer, Departure, Limits, Reply, Service};
use crate::report::Ahead;

/// A way to the service that writes down first what is about to change.
pub(super) struct WriteAhead<'a, S> {
    service: &'a S,
    ahead: Mutex<Ahead<'a>>,
    error: Mutex<Option<io::Error>>,
}

impl<'a, S: Service> WriteAhead<'a, S> {
    pub(super) fn new(service: &'a S, ahead: Ahead<'a>) -> Self {
        Self {
            service,
            ahead: Mutex::new(ahead),
            error: Mutex::new(None),
        }
    }

    /// What was written, and why it ended early, if it did.
    pub(super) fn into_ahead(self) -> (Ahead<'a>, Option<io::Error>) {
        // Nothing panics in the middle of a record: it would be cut off.
        let ahead = self.ahead.into_inner();
        let error = self.error.into_inner();
        (
            ahead.unwrap_or_else(PoisonError::into_inner),
            error.unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn write(&self, request: &AllocationRequest) -> bool {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = ahead.about_to_send(&request.user_ids) else {
            return true;
        };
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        false
    }
}

impl<S: Service + Sync> Service for WriteAhead<'_, S> {
    async fn exchange(&self, request: AllocationRequest, departure: Departure) -> Reply {
        if self.write(&request) {
            return self.service.exchange(request, departure).await;
        }
        Reply {
            answer: Answer::NotSent,
            limits: Limits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::plan::{Absent, Mode, Proposal};
    use crate::roster::tests::{holdings, roster};
    use crate::run::RunFolder;
    use crate::settings::SyncWhen;

    /// Counts the requests that reach it.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Service for Counting {
        async fn exchange(&self, _: AllocationRequest, _: Departure) -> Reply {
            self.0.fetch_add(1, Ordering::SeqCst);
            Reply {
                answer: Answer::Allocated(Vec::new()),
                limits: Limits::default(),
            }
        }
    }

    fn asking_for(user: &str) -> AllocationRequest {
        AllocationRequest {
            user_ids: vec![user.to_owned()],
            user_bundle_codes: vec!["IDU".to_owned()],
            use_external_license: false,
        }
    }

    #[tokio::test]
    async fn what_cannot_be_written_down_is_not_sent() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&parent.path().join("run")).unwrap();
        let current = holdings("userId,code\na,PMD\nb,PMD\n");
        let wanted = roster("userId,code\na,IDU\nb,IDU\n");
        let current = Some((&current, Absent::Unknown));
        let proposal = Proposal::new(wanted, current, Mode::Replace, None);
        let ahead = Ahead::open(&folder, &proposal, SyncWhen::EverySecond).unwrap();
        let service = Counting::default();
        let ahead = WriteAhead::new(&service, ahead);

        ahead.exchange(asking_for("a"), Departure::default()).await;
        assert_eq!(service.0.load(Ordering::SeqCst), 1);
        ahead.ahead.lock().unwrap().shut(&folder);
        // What stands there already need not be written again.
        ahead.exchange(asking_for("a"), Departure::default()).await;
        assert_eq!(service.0.load(Ordering::SeqCst), 2);
        let reply = ahead.exchange(asking_for("b"), Departure::default()).await;
        assert_eq!(reply.answer, Answer::NotSent);
        assert_eq!(service.0.load(Ordering::SeqCst), 2);
        assert!(ahead.into_ahead().1.is_some());
    }
}
