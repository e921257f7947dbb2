//! When a run stops early, and that it stops in good order.

use std::cell::RefCell;
use std::time::Duration;

use seatload::api::{AllocationRequest, Response, SentAt, Service};
use seatload::event::{Event, StopReason};
use seatload::outcome::FailureKind;
use seatload::roster::UserIndex;

use crate::support::run::Run;
use crate::support::service::{FakeService, Sent, answer, lost, with_retry_after};

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_stops_the_run_after_three_batches() {
    let service = FakeService::new().script(|_, _| Some(answer(503, "maintenance")));
    let ran = Run::of_users(1000).at(&service).await;
    assert_eq!(
        ran.stop,
        Some(StopReason::ServiceDown {
            reason: "status 503: maintenance".into()
        })
    );
    assert_eq!(ran.count("unknown"), 300);
    assert_eq!(ran.pending.len(), 700);
    assert_eq!(service.requests(), 18, "three batches, six attempts each");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_in_the_middle_stops_the_run() {
    let service = FakeService::new().script(|sent, _| (sent.nth >= 20).then(|| lost(true)));
    let ran = Run::of_users(10_000).at(&service).await;
    assert!(matches!(ran.stop, Some(StopReason::ServiceDown { .. })));
    assert_eq!(ran.count("success"), 2000);
    assert_eq!(
        ran.count("success") + ran.count("unknown") + ran.pending.len(),
        10_000
    );
    assert!(
        service.requests() < 120,
        "{} requests to a service that is down",
        service.requests()
    );
}

#[tokio::test(start_paused = true)]
async fn batches_lost_now_and_then_do_not_stop_the_run() {
    let service = FakeService::new().script(|sent, _| {
        let first: usize = sent.request.user_ids[0][1..].parse().unwrap();
        (first.is_multiple_of(300)).then(|| answer(503, ""))
    });
    let service = service.latency(Duration::from_secs(1));
    let ran = Run::of_users(3000)
        .max_retries(1)
        .concurrency(1)
        .at(&service)
        .await;
    assert_eq!(ran.assert_finished().count("unknown"), 1000);
    assert_eq!(ran.count("success"), 2000);
}

#[tokio::test(start_paused = true)]
async fn a_user_not_found_fails_once_another_user_succeeds() {
    let service = FakeService::new().script(|sent, _| {
        let is_first = sent.request.user_ids.iter().any(|user| user == "u0");
        is_first.then(|| answer(404, "no such user"))
    });
    let ran = Run::of_users(10).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 9);
    assert!(ran.outcome("u0").starts_with("not_found: "));
}

#[tokio::test(start_paused = true)]
async fn users_not_found_at_the_end_of_a_run_without_success_have_failed() {
    let service = FakeService::new().script(|_, _| Some(answer(404, "no such user")));
    let ran = Run::of_users(2).in_order().at(&service).await;
    assert_eq!(ran.assert_finished().count("not_found"), 2);
}

#[tokio::test(start_paused = true)]
async fn after_three_single_users_not_found_and_no_success_the_run_stops_and_all_users_are_pending()
{
    let service = FakeService::new().script(|_, _| Some(answer(404, "no licence")));
    let ran = Run::of_users(1000).at(&service).await;
    assert!(matches!(ran.stop, Some(StopReason::NoUserFound { .. })));
    assert_eq!(ran.pending.len(), 1000);
    assert!(service.requests() < 15, "{} requests", service.requests());
    let sent = service.sent();
    assert!(
        sent.windows(2).all(|pair| pair[1].at > pair[0].at),
        "one at a time"
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_success_in_an_earlier_part_of_the_run_404s_are_about_their_users() {
    let service = FakeService::new().script(|_, _| Some(answer(404, "no such user")));
    let mut run = Run::of_users(10);
    run.policy.has_succeeded = true;
    let ran = run.at(&service).await;
    ran.assert_finished().assert_all(FailureKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn with_keep_trying_404s_do_not_stop_the_run() {
    let service = FakeService::new().script(|_, _| Some(answer(404, "no licence")));
    let ran = Run::of_users(10).keep_trying().at(&service).await;
    ran.assert_finished().assert_all(FailureKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_sends_nothing_more_and_records_what_was_in_flight() {
    let run = Run::of_users(10_000);
    let interrupt = run.interrupt.clone();
    let service = FakeService::new()
        .latency(Duration::from_secs(1))
        .script(move |sent, _| {
            if sent.nth == 12 {
                interrupt.cancel();
            }
            None
        });
    let ran = run.at(&service).await;
    assert_eq!(ran.stop, Some(StopReason::Interrupted));
    let sent: usize = service
        .sent()
        .iter()
        .map(|sent| sent.request.user_ids.len())
        .sum();
    assert_eq!(ran.count("success"), sent);
    assert_eq!(ran.pending.len(), 10_000 - sent);
    assert!(service.requests() <= 17);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_wait_at_once() {
    let run = Run::of_users(1000);
    let interrupt = run.interrupt.clone();
    let service = FakeService::new()
        .script(|sent, _| (sent.nth == 0).then(|| with_retry_after(answer(503, ""), 600)));
    let (ran, ()) = tokio::join!(run.at(&service), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        interrupt.cancel();
    });
    assert_eq!(ran.stop, Some(StopReason::Interrupted));
    assert_eq!(ran.took, Duration::from_secs(5));
    assert_eq!(ran.pending.len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_an_earlier_session_was_asked_for_is_obeyed() {
    let service = FakeService::new();
    let mut run = Run::of_users(10);
    run.policy.initial_cooldown = Some(Duration::from_secs(40));
    run.at(&service).await.assert_finished();
    assert_eq!(service.sent()[0].at, Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_up_to_fifteen_minutes_is_obeyed_and_a_longer_one_stops_the_run() {
    for (seconds, stops) in [
        (900, false),
        (901, true),
        (u64::MAX, true),
        (31_536_000, true),
    ] {
        let service = FakeService::new().script(move |sent, _| {
            (sent.nth == 0).then(|| with_retry_after(answer(503, ""), seconds))
        });
        let ran = Run::of_users(300).at(&service).await;
        assert_eq!(
            matches!(ran.stop, Some(StopReason::RetryAfterTooLong { .. })),
            stops,
            "{seconds}"
        );
        if !stops && seconds == 900 {
            assert_eq!(ran.count("success"), 300);
            assert!(ran.took >= Duration::from_secs(900));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_with_the_last_response_delays_no_request() {
    let service = FakeService::new().script(|sent, ledger| {
        let response = crate::support::service::by_seats(ledger, &sent.request);
        Some(with_retry_after(response, 36_000))
    });
    let ran = Run::of_users(100).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 100);
}

#[tokio::test(start_paused = true)]
async fn after_the_event_channel_is_closed_nothing_more_is_sent() {
    let service = FakeService::new();
    let run = Run::of_users(10_000).concurrency(1);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let dispatch = run.dispatch(&service, |_| true, sender);
    let is_decision = |event: &Event| matches!(event, Event::Decided(_));
    let fail_at_the_first_decision = async move {
        let goes_on = |events: Vec<Event>| !events.iter().any(is_decision);
        while receiver.recv().await.is_some_and(goes_on) {}
    };
    let (stop, ()) = tokio::join!(dispatch, fail_at_the_first_decision);
    assert_eq!(stop, Some(StopReason::CannotWriteReports));
    assert!(service.requests() <= 3, "{} requests", service.requests());
}

#[tokio::test(start_paused = true)]
async fn a_failing_write_ahead_log_stops_the_run_before_sending() {
    let service = FakeService::new();
    let run = Run::of_users(3).batch_size(1).concurrency(1);
    let all = run.assignments();
    let written = RefCell::new(Vec::new());
    let write_ahead = |users: &[UserIndex]| {
        let mut written = written.borrow_mut();
        written.extend_from_slice(users);
        written.len() < 2
    };
    let (sender, mut receiver) = tokio::sync::mpsc::channel(64);
    let dispatch = run.dispatch(&service, write_ahead, sender);
    let collect = async { while receiver.recv().await.is_some() {} };
    let (stop, ()) = tokio::join!(dispatch, collect);
    assert_eq!(stop, Some(StopReason::CannotWriteReports));
    let users: Vec<_> = all.sendable_users().collect();
    assert_eq!(*written.borrow(), users[..2]);
    assert_eq!(service.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_sent_together_are_logged_together() {
    let service = FakeService::new();
    let run = Run::of_users(25).batch_size(1).concurrency(8);
    let written = RefCell::new(Vec::new());
    let write_ahead = |users: &[UserIndex]| {
        written.borrow_mut().push(users.len());
        true
    };
    let (sender, mut receiver) = tokio::sync::mpsc::channel(64);
    let dispatch = run.dispatch(&service, write_ahead, sender);
    let collect = async { while receiver.recv().await.is_some() {} };
    let (stop, ()) = tokio::join!(dispatch, collect);
    assert_eq!((stop, service.requests()), (None, 25));
    // The first goes alone, to find out how the service is.
    assert_eq!(written.take(), [1, 8, 8, 8]);
}

/// Takes no request: every one waits for a connection, or for a token, and never leaves.
struct Stuck;

impl Service for Stuck {
    async fn exchange(&self, _: AllocationRequest, _: SentAt) -> Response {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn requests_not_sent_at_an_interrupt_are_not_sent() {
    let run = Run::of_users(10).batch_size(1);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(64);
    let dispatch = run.dispatch(&Stuck, |_| true, sender);
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        run.interrupt.cancel();
    };
    let collect = async { while receiver.recv().await.is_some() {} };
    let begin = tokio::time::Instant::now();
    let (stop, (), ()) = tokio::join!(dispatch, interrupt, collect);
    assert_eq!(stop, Some(StopReason::Interrupted));
    assert_eq!(begin.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_for_the_log_at_an_interrupt_are_not_sent() {
    let service = FakeService::new();
    let run = Run::of_users(10).batch_size(1);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    // As if the recorder were far behind.
    sender.try_send(Vec::new()).unwrap();
    let dispatch = run.dispatch(&service, |_| true, sender);
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        run.interrupt.cancel();
        while receiver.recv().await.is_some() {}
    };
    let (stop, ()) = tokio::join!(dispatch, interrupt);
    assert_eq!(stop, Some(StopReason::Interrupted));
    assert_eq!(service.requests(), 0);
}

/// The third answer takes a little longer than the others.
struct ThirdIsSlow(FakeService);

impl Service for ThirdIsSlow {
    async fn exchange(&self, request: AllocationRequest, departure: SentAt) -> Response {
        let is_third = self.0.requests() == 2;
        let response = self.0.exchange(request, departure).await;
        if is_third {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        response
    }
}

#[tokio::test(start_paused = true)]
async fn requests_not_sent_when_a_response_stops_the_run_are_not_sent() {
    let expired = |sent: &Sent| (sent.nth == 2).then(|| answer(401, "expired"));
    let service = ThirdIsSlow(FakeService::new().script(move |sent, _| expired(sent)));
    let run = Run::of_users(10).batch_size(1).concurrency(2);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let dispatch = run.dispatch(&service, |_| true, sender);
    let collect = async {
        receiver.recv().await;
        // The third answer comes while the fourth request waits for the records.
        tokio::time::sleep(Duration::from_millis(150)).await;
        while receiver.recv().await.is_some() {}
    };
    let (stop, ()) = tokio::join!(dispatch, collect);
    assert!(
        matches!(stop, Some(StopReason::Unauthorized { .. })),
        "{stop:?}"
    );
    assert_eq!(service.0.requests(), 3);
}
