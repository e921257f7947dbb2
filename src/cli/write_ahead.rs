//! Whom a request names, and what they hold, is on disk before it leaves.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::api::{AllocationRequest, Answer, Departure, Reply, Service};
use crate::report::Ahead;

/// A way to the service that writes down first what is about to change.
pub(super) struct WriteAhead<'m, 'a, S> {
    service: &'m S,
    ahead: &'m Mutex<Ahead<'a>>,
    error: Mutex<Option<io::Error>>,
}

impl<'m, 'a, S: Service> WriteAhead<'m, 'a, S> {
    pub(super) fn new(service: &'m S, ahead: &'m Mutex<Ahead<'a>>) -> Self {
        Self {
            service,
            ahead,
            error: Mutex::new(None),
        }
    }

    /// Why writing ended early, if it did.
    pub(super) fn into_error(self) -> Option<io::Error> {
        let error = self.error.into_inner();
        error.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, request: &AllocationRequest) -> bool {
        // Nothing panics in the middle of a record: it would be cut off.
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = ahead.about_to_send(&request.user_ids) else {
            return true;
        };
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        false
    }
}

impl<S: Service + Sync> Service for WriteAhead<'_, '_, S> {
    async fn exchange(&self, request: AllocationRequest, departure: Departure) -> Reply {
        if self.write(&request) {
            return self.service.exchange(request, departure).await;
        }
        Answer::NotSent.into()
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
            Answer::Allocated(Vec::new()).into()
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
        let ahead = Ahead::begin(&folder, &proposal, SyncWhen::EverySecond).unwrap();
        let ahead = Mutex::new(ahead);
        let service = Counting::default();
        let around = WriteAhead::new(&service, &ahead);

        around.exchange(asking_for("a"), Departure::default()).await;
        assert_eq!(service.0.load(Ordering::SeqCst), 1);
        ahead.lock().unwrap().shut(&folder);
        // What stands there already need not be written again.
        around.exchange(asking_for("a"), Departure::default()).await;
        assert_eq!(service.0.load(Ordering::SeqCst), 2);
        let reply = around.exchange(asking_for("b"), Departure::default()).await;
        assert_eq!(reply.answer, Answer::NotSent);
        assert_eq!(service.0.load(Ordering::SeqCst), 2);
        assert!(around.into_error().is_some());
    }
}
