//! The quota, measured where requests arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use seatload::api::{RateLimitHeaders, RemainingQuota};
use seatload::event::{Event, WaitCause};

use crate::support::run::Run;
use crate::support::service::{FakeService, answer, by_seats, with_retry_after};

fn arrivals(service: &FakeService) -> Vec<Duration> {
    service.sent().iter().map(|sent| sent.at).collect()
}

fn most_in_a_window(arrivals: &[Duration], window: Duration) -> usize {
    arrivals
        .iter()
        .map(|from| {
            arrivals
                .iter()
                .filter(|at| *at >= from && **at <= *from + window)
                .count()
        })
        .max()
        .unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn no_window_has_more_requests_than_the_rate_with_bursts_retries_and_splits() {
    let service = FakeService::new().script(|sent, _| match sent.nth % 7 {
        2 => Some(answer(503, "")),
        _ if sent.names("u55") || sent.names("u777") => Some(answer(400, "unknown")),
        _ => None,
    });
    let run = Run::of_users(2000).batch_size(10).rate("40/2s", 10);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 1998);
    let arrivals = arrivals(&service);
    assert!(arrivals.len() > 230);
    assert!(most_in_a_window(&arrivals, Duration::from_secs(2)) <= 40);
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_used_to_the_full() {
    let service = FakeService::new().latency(Duration::from_millis(20));
    let run = Run::of_users(400).batch_size(1).rate("40/2s", 10);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 400);
    // 40 requests every 2 s; the last 40 take a burst of 10 and 30 steps of 50 ms.
    let fastest = 9.0 * 2.0 + 30.0 * 0.05;
    let took = ran.took.as_secs_f64();
    assert!(took <= fastest * 1.05, "{took} s against {fastest} s");
    assert!(most_in_a_window(&arrivals(&service), Duration::from_secs(2)) <= 40);
}

#[tokio::test(start_paused = true)]
async fn the_first_request_is_sent_alone() {
    let service = FakeService::new().latency(Duration::from_secs(3));
    Run::of_users(800).at(&service).await.assert_finished();
    let arrivals = arrivals(&service);
    assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(3));
    let second = arrivals[1..]
        .iter()
        .filter(|at| **at - arrivals[1] < Duration::from_secs(1))
        .count();
    assert_eq!(second, 7, "then all that are left go together");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_to_one_binds_all_and_they_do_not_come_back_at_once() {
    let service = FakeService::new()
        .latency(Duration::from_millis(200))
        .script(|sent, _| (sent.nth == 5).then(|| with_retry_after(answer(429, "slow down"), 3)));
    let run = Run::of_users(6000).batch_size(10).rate("1000/s", 100);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 6000);

    let arrivals = arrivals(&service);
    let told = arrivals[5] + Duration::from_millis(200);
    let after: Vec<_> = arrivals.iter().filter(|at| **at > told).collect();
    assert!(*after[0] - told >= Duration::from_secs(3));
    let at_once = after
        .iter()
        .filter(|at| ***at - *after[0] < Duration::from_millis(100))
        .count();
    assert_eq!(at_once, 1, "one goes first");
    let soon = after
        .iter()
        .filter(|at| ***at - *after[0] < Duration::from_millis(300))
        .count();
    assert!(soon <= 3, "{soon} went within 0.3 s");
    // And people are told when the wait begins, not when it is over.
    let (told_people, _) = ran
        .events
        .iter()
        .find(|(_, event)| {
            matches!(event, Event::Waiting { cause: WaitCause::RetryAfter, wait } if *wait > Duration::from_secs(2))
        })
        .unwrap();
    assert!(*told_people - told < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_binds_the_whole_run_with_any_status() {
    for with_success in [true, false] {
        let service = FakeService::new().script(move |sent, ledger| {
            let response = match with_success {
                true => by_seats(ledger, &sent.request),
                false => answer(400, "no such user"),
            };
            (sent.nth == 0).then(|| with_retry_after(response, 60))
        });
        let run = Run::of_users(3).batch_size(1);
        run.at(&service).await.assert_finished();
        let arrivals = arrivals(&service);
        assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_without_a_word_on_when_still_binds_all() {
    let service = FakeService::new()
        .latency(Duration::from_millis(10))
        .script(|sent, _| (sent.nth == 5).then(|| answer(429, "")));
    let run = Run::of_users(600).batch_size(10).rate("20/s", 1);
    run.at(&service).await.assert_finished();
    let arrivals = arrivals(&service);
    assert!(arrivals[6] - arrivals[5] >= Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_429_binds_all_even_where_its_batch_is_not_tried_again() {
    let service = FakeService::new()
        .latency(Duration::from_millis(10))
        .script(|sent, _| (sent.nth == 5).then(|| answer(429, "")));
    let run = Run::of_users(600)
        .batch_size(10)
        .rate("20/s", 1)
        .max_retries(0);
    run.at(&service).await.assert_finished();
    let arrivals = arrivals(&service);
    assert!(arrivals[6] - arrivals[5] >= Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_quota_in_headers_is_never_exceeded() {
    // 20 requests in each 30 s, told with every answer.
    let mut window_start = Duration::ZERO;
    let mut used = 0;
    let service = FakeService::new().script(move |sent, ledger| {
        if sent.at >= window_start + Duration::from_secs(30) {
            window_start = sent.at;
            used = 0;
        }
        used += 1;
        assert!(used <= 20, "overdrawn at {:?}", sent.at);
        let mut response = by_seats(ledger, &sent.request);
        response.limits = RateLimitHeaders {
            retry_after: None,
            budget: Some(RemainingQuota {
                remaining: 20 - used,
                reset: window_start + Duration::from_secs(30) - sent.at,
            }),
        };
        Some(response)
    });
    let ran = Run::of_users(100).batch_size(1).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 100);
    assert!(
        ran.took < Duration::from_secs(4 * 31),
        "took {:?}",
        ran.took
    );
}

#[tokio::test(start_paused = true)]
async fn a_quota_in_headers_holds_even_if_responses_overtake_each_other() {
    // 10 requests in each 5 s. The answers to earlier requests take longer, so the last word comes first.
    let mut window = (Duration::ZERO, 0_u64);
    let service = FakeService::new()
        .latency(Duration::from_millis(100))
        .uneven()
        .script(move |sent, ledger| {
            if sent.at >= window.0 + Duration::from_secs(5) {
                window = (sent.at, 0);
            }
            window.1 += 1;
            if window.1 > 10 {
                return Some(answer(429, "overdrawn"));
            }
            let mut response = by_seats(ledger, &sent.request);
            response.limits.budget = Some(RemainingQuota {
                remaining: 10 - window.1,
                reset: window.0 + Duration::from_secs(5) - sent.at,
            });
            Some(response)
        });
    let run = Run::of_users(60).batch_size(1).rate("1000/s", 100);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 60);
    assert_eq!(
        service.requests(),
        60,
        "some were refused for going beyond the quota"
    );
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_waits_and_retries_loses_no_user_and_never_falls_into_lockstep() {
    let mut random = fastrand::Rng::with_seed(3);
    let service = FakeService::new()
        .latency(Duration::from_millis(200))
        .uneven()
        .script(move |_, _| match random.u8(0..10) {
            0..3 => Some(answer(503, "")),
            3 => Some(with_retry_after(answer(429, ""), 20)),
            _ => None,
        });
    let run = Run::of_users(4000)
        .batch_size(2)
        .rate("1000/s", 1000)
        .max_retries(30);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 4000);
    assert!(ran.took > Duration::from_secs(3600), "only {:?}", ran.took);

    // Batches that failed together must not all be sent again at one moment.
    let mut seen = BTreeSet::new();
    let mut together: BTreeMap<Duration, usize> = BTreeMap::new();
    for sent in service.sent() {
        if !seen.insert(sent.users().join(",")) {
            *together.entry(sent.at).or_default() += 1;
        }
    }
    assert!(together.len() > 800, "only {} retries", together.len());
    let most = together.values().max().unwrap();
    assert!(*most <= 4, "{most} retries at one moment");
}
