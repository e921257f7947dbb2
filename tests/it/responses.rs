//! What follows from each answer: the table of DESIGN.md, row by row.

use std::collections::BTreeSet;
use std::time::Duration;

use seatload::api::{Allocation, Response, ResponseKind, SignInError};
use seatload::event::{Event, StopReason};
use seatload::outcome::FailureKind;

use crate::support::run::Run;
use crate::support::service::{
    FakeService, answer, by_seats, by_seats_but, lost, response, with_retry_after,
};

#[tokio::test(start_paused = true)]
async fn a_200_that_names_every_user_as_requested_makes_every_user_a_success() {
    let service = FakeService::new();
    let ran = Run::of_users(250).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 250);
    assert_eq!(service.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_user_missing_from_a_200_is_sent_once_more_and_then_unconfirmed() {
    let service = FakeService::new().script(|sent, ledger| {
        let is_named = |said: &Allocation| !matches!(&*said.user_id, "u3" | "u5");
        Some(by_seats_but(ledger, &sent.request, |said| {
            said.retain(is_named);
        }))
    });
    let ran = Run::of_users(10).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 8);
    assert!(ran.outcome("u3").starts_with("unconfirmed: "));
    let sent = service.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].users(), ["u3", "u5"]);
    assert_eq!((ran.attempts("u3"), ran.attempts("u0")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_user_confirmed_by_the_second_response_is_a_success() {
    let service = FakeService::new().script(|sent, ledger| {
        Some(by_seats_but(ledger, &sent.request, |said| {
            if sent.nth == 0 {
                said[4].user_bundle_codes = Some(vec!["PMD".into()]);
            }
        }))
    });
    let ran = Run::of_users(10).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 10);
    assert_eq!(service.sent()[1].users(), ["u4"]);
}

#[tokio::test(start_paused = true)]
async fn a_response_is_matched_by_user_id_and_never_by_position() {
    let service = FakeService::new().script(|sent, ledger| {
        Some(by_seats_but(ledger, &sent.request, |said| {
            said.reverse();
            let nobody = Allocation {
                user_id: "nobody asked for".into(),
                ..said[0].clone()
            };
            said.insert(0, nobody);
        }))
    });
    let ran = Run::of_users(10).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 10);
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_retried_with_the_same_users() {
    for trouble in [408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 530] {
        let service = FakeService::new()
            .script(move |sent, _| (sent.nth == 0).then(|| answer(trouble, "later")));
        let ran = Run::of_users(100).at(&service).await;
        assert_eq!(ran.assert_finished().count("success"), 100, "{trouble}");
        let sent = service.sent();
        assert_eq!(sent.len(), 2, "{trouble}");
        assert_eq!(sent[0].request, sent[1].request);
        assert!(sent[1].at - sent[0].at >= Duration::from_millis(250));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_and_an_unreadable_one_are_retried() {
    let unreadable = || {
        response(ResponseKind::InvalidBody {
            reason: "cut".into(),
            is_html: false,
        })
    };
    for trouble in [lost(true), lost(false), unreadable()] {
        let once = trouble.clone();
        let service =
            FakeService::new().script(move |sent, _| (sent.nth == 0).then(|| once.clone()));
        let ran = Run::of_users(100).at(&service).await;
        assert_eq!(ran.assert_finished().count("success"), 100, "{trouble:?}");
        assert_eq!(service.requests(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_used_up_are_unavailable_if_surely_nothing_was_applied_and_unknown_if_not() {
    let trouble = |responses: Vec<seatload::api::Response>| {
        move |sent: &crate::support::service::Sent, _: &mut seatload::sandbox::Ledger| {
            Some(responses[sent.nth.min(responses.len() - 1)].clone())
        }
    };
    for (responses, kind) in [
        (vec![answer(425, "")], FailureKind::Unavailable),
        (vec![lost(false)], FailureKind::Unavailable),
        (vec![lost(true)], FailureKind::Unknown),
        (
            vec![answer(425, ""), lost(true), answer(425, "")],
            FailureKind::Unknown,
        ),
        (vec![answer(500, "")], FailureKind::Unknown),
        (vec![answer(503, "")], FailureKind::Unknown),
        (vec![answer(504, ""), lost(false)], FailureKind::Unknown),
    ] {
        let service = FakeService::new().script(trouble(responses));
        let ran = Run::of_users(5).max_retries(2).at(&service).await;
        ran.assert_finished().assert_all(kind);
        assert_eq!(ran.attempts("u0"), 3);
        assert_eq!(service.requests(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn that_an_attempt_may_have_been_applied_is_remembered_when_its_batch_is_split() {
    let service = FakeService::new().script(|sent, ledger| match sent.nth {
        0 => {
            by_seats(ledger, &sent.request);
            Some(answer(504, "done, perhaps"))
        }
        1 => Some(answer(409, "no")),
        _ => Some(answer(425, "")),
    });
    let ran = Run::of_users(4).max_retries(1).at(&service).await;
    assert_eq!(ran.count("unavailable"), 0);
    assert!(ran.count("unknown") > 0);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_an_earlier_session_may_have_sent_is_never_reported_as_unchanged() {
    let service = FakeService::new().script(|_, _| Some(answer(425, "")));
    let mut run = Run::of_users(4).max_retries(0).batch_size(2);
    run.policy.maybe_applied = run.assignments().sendable_users().take(1).collect();
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().users("unknown"), ["u0", "u1"]);
    assert_eq!(ran.users("unavailable"), ["u2", "u3"]);
}

#[tokio::test(start_paused = true)]
async fn a_user_sent_before_a_kill_is_sent_again_even_if_the_seats_are_used_up() {
    // `u9` has its seat from before, and there are no others.
    let service = FakeService::with_seats(1).script(|sent, ledger| {
        if sent.nth == 0 {
            let mut held = sent.request.clone();
            held.user_ids = vec!["u9".to_owned()];
            ledger.allocate(&held).unwrap();
        }
        None
    });
    let mut run = Run::of_users(10).batch_size(4);
    run.policy.maybe_applied = run.assignments().sendable_users().skip(8).collect();
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().users("success"), ["u9"]);
    assert_eq!(ran.count("conflict"), 9);
}

#[tokio::test(start_paused = true)]
async fn one_404_on_a_batch_does_not_shrink_the_others() {
    let service =
        FakeService::new().script(|sent, _| (sent.nth == 1).then(|| answer(404, "for a moment")));
    let ran = Run::of_users(1000).concurrency(1).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 1000);
    assert!(service.requests() < 30, "{} requests", service.requests());
}

#[tokio::test(start_paused = true)]
async fn rejected_users_fail_alone_and_the_others_of_their_batch_succeed() {
    for (status, outcome) in [(400, "rejected"), (409, "conflict"), (422, "rejected")] {
        let service = FakeService::new().refusing(status, &["u7", "u50", "u93"]);
        let ran = Run::of_users(100).at(&service).await;
        assert_eq!(ran.assert_finished().count("success"), 97, "{status}");
        assert_eq!(ran.count(outcome), 3);
        for user in ["u7", "u50", "u93"] {
            let expected = format!("{outcome}: {user} is not welcome. Hint: ");
            assert!(
                ran.outcome(user).starts_with(&expected),
                "{}",
                ran.outcome(user)
            );
            assert_eq!(service.codes_of(user), None);
        }
        assert!(service.requests() <= 36, "{} requests", service.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn a_404_that_concerns_single_users_is_theirs_alone() {
    let service = FakeService::new().refusing(404, &["u7", "u50", "u93"]);
    let ran = Run::of_users(100).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 97);
    assert_eq!(ran.count("not_found"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_single_user_is_not_split() {
    for (status, outcome) in [
        (400, "rejected"),
        (404, "not_found"),
        (409, "conflict"),
        (413, "rejected"),
        (422, "rejected"),
    ] {
        let service = FakeService::new().refusing(status, &["u0"]);
        let ran = Run::of_users(1).at(&service).await;
        assert_eq!(ran.assert_finished().count(outcome), 1);
        assert_eq!(service.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_is_cut_and_so_are_all_that_follow() {
    for status in [413, 400] {
        let service = FakeService::new().script(move |sent, _| {
            (sent.request.user_ids.len() > 30).then(|| answer(status, "too many users"))
        });
        let ran = Run::of_users(1000).concurrency(1).at(&service).await;
        assert_eq!(ran.assert_finished().count("success"), 1000);
        let requests = service.requests();
        assert!(
            requests <= 1000 / 25 + 16,
            "{requests} requests after {status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn after_three_single_409s_in_a_row_the_seats_of_the_set_are_used_up() {
    let service = FakeService::with_seats(50);
    let ran = Run::of_users(200).at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 50);
    assert_eq!(ran.count("conflict"), 150);
    assert!(service.requests() < 40, "{} requests", service.requests());
    for user in 0..50 {
        assert_eq!(ran.outcome(&format!("u{user}")), "success");
    }
    assert_eq!(ran.attempts("u150"), 0, "the second batch was never sent");
    assert!(
        ran.outcome("u150")
            .contains("seats of these codes are used up")
    );
}

#[tokio::test(start_paused = true)]
async fn one_set_running_dry_does_not_stop_the_others() {
    let file: String = (0..90)
        .map(|user| format!("u{user},{}\n", if user % 2 == 0 { "IDU" } else { "PMD" }))
        .collect();
    let service = FakeService::new().script(|sent, _| {
        (sent.request.user_bundle_codes == ["IDU"]).then(|| answer(409, "no seats"))
    });
    let run = Run::of(&format!("userId,codes\n{file}")).batch_size(10);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 45);
    assert_eq!(ran.count("conflict"), 45);
    let refused = service
        .sent()
        .iter()
        .filter(|sent| sent.request.user_bundle_codes == ["IDU"])
        .count();
    assert!(refused < 12, "{refused} requests for a set without seats");
}

#[tokio::test(start_paused = true)]
async fn with_keep_trying_every_user_is_sent_alone() {
    let service = FakeService::with_seats(3);
    let ran = Run::of_users(20).keep_trying().at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 3);
    assert_eq!(ran.count("conflict"), 17);
    let alone: BTreeSet<_> = service
        .sent()
        .into_iter()
        .filter(|sent| sent.request.user_ids.len() == 1)
        .map(|sent| sent.request.user_ids[0].to_owned())
        .collect();
    assert!(
        ran.decisions
            .keys()
            .filter(|user| ran.outcome(user) != "success")
            .all(|user| alone.contains(user))
    );
}

#[tokio::test(start_paused = true)]
async fn a_later_batch_of_a_set_waits_while_an_earlier_one_fights_over_its_seats() {
    let service = FakeService::with_seats(25);
    let ran = Run::of_users(100)
        .batch_size(20)
        .concurrency(4)
        .at(&service)
        .await;
    assert_eq!(ran.assert_finished().count("success"), 25);
    let mut isolating = None;
    for sent in service.sent() {
        let batch: BTreeSet<_> = sent
            .request
            .user_ids
            .iter()
            .map(|user| user[1..].parse::<usize>().unwrap() / 20)
            .collect();
        let batch = *batch.first().unwrap();
        if sent.request.user_ids.len() < 20 {
            let first = *isolating.get_or_insert(batch);
            assert_eq!(batch, first, "two batches of one set were isolated at once");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn batches_that_wait_for_a_bisection_over_seats_keep_the_files_order() {
    let service = FakeService::with_seats(5).refusing(409, &["u0"]);
    let run = Run::of_users(10).batch_size(2).concurrency(3);
    let ran = run.at(&service).await;
    ran.assert_finished();
    assert_eq!(ran.users("success"), ["u1", "u2", "u3", "u4", "u5"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_late_is_still_sent_before_later_ones_of_the_file() {
    // While u2 and u3 are asked for alone, u8 to u11 are held back, and only then u4 and u5 are to be tried again.
    let service = FakeService::with_seats(7)
        .latency(Duration::from_secs(1))
        .script(|sent, _| match sent.nth {
            _ if sent.names("u2") => Some(answer(409, "not you")),
            2 => Some(answer(503, "")),
            _ => None,
        });
    let run = Run::of_users(12).batch_size(2).concurrency(3);
    let ran = run.at(&service).await;
    ran.assert_finished();
    assert_eq!(
        ran.users("success"),
        ["u0", "u1", "u3", "u4", "u5", "u6", "u7"]
    );
}

#[tokio::test(start_paused = true)]
async fn batches_rejected_together_are_bisected_in_turn_and_later_ones_wait() {
    // The batches of u2 and of u4 are under way at once. When the first of them is done, two seats are left: enough
    // for all of u6 and u7, who must not have them before u5 was asked for.
    let service = FakeService::with_seats(5).refusing(409, &["u2", "u4"]);
    let run = Run::of_users(10).batch_size(2).concurrency(2);
    let ran = run.at(&service).await;
    ran.assert_finished();
    assert_eq!(ran.users("success"), ["u0", "u1", "u3", "u5", "u6"]);
}

#[tokio::test(start_paused = true)]
async fn a_401_a_403_a_redirect_and_anything_unheard_of_stop_the_run_at_once() {
    for status in [401, 403, 302, 405, 418, 201] {
        let service = FakeService::new().script(move |_, _| Some(answer(status, "no")));
        let ran = Run::of_users(1000).at(&service).await;
        assert_eq!(service.requests(), 1, "{status}");
        assert_eq!(ran.pending.len(), 1000);
        let stop = ran.stop.unwrap();
        assert_eq!(
            matches!(stop, StopReason::Unauthorized { .. }),
            status == 401
        );
        assert_eq!(matches!(stop, StopReason::Forbidden { .. }), status == 403);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_response_from_a_wrong_address_causes_a_warning_at_once() {
    let page = || {
        response(ResponseKind::InvalidBody {
            reason: "200 with a web page".into(),
            is_html: true,
        })
    };
    let status_page = |status| {
        response(ResponseKind::Status {
            status,
            message: "a web page".into(),
            is_html: true,
        })
    };
    for (first, expected) in [
        (status_page(400), true),
        (status_page(403), false),
        (status_page(522), false),
        (answer(404, "gone"), true),
        (answer(405, ""), true),
        (page(), true),
        (answer(409, "full"), false),
    ] {
        let service = FakeService::new().script(move |_, _| Some(first.clone()));
        let ran = Run::of_users(2).max_retries(0).at(&service).await;
        let told = ran
            .events
            .iter()
            .filter(|(_, event)| matches!(event, Event::WrongAddress { .. }))
            .count();
        assert_eq!(told, usize::from(expected));
    }
}

fn no_token(wait: Option<u64>) -> Response {
    let trouble = SignInError::Transient {
        reason: "status 503".to_owned(),
        wait: wait.map(Duration::from_secs),
    };
    let response = response(ResponseKind::NotSignedIn(trouble));
    match wait {
        Some(seconds) => with_retry_after(response, seconds),
        None => response,
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_failure_costs_users_no_retry() {
    // Two in vain for want of a token, then two because of the service, which are all that there may be.
    let service = FakeService::new().script(|sent, _| match sent.nth {
        1..=2 => Some(no_token(None)),
        3..=4 => Some(answer(503, "")),
        _ => None,
    });
    let run = Run::of_users(2).batch_size(1).concurrency(1).max_retries(2);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_never_works_stops_the_run_and_no_user_fails() {
    let service = FakeService::new().script(|sent, _| (sent.nth > 0).then(|| no_token(None)));
    let run = Run::of_users(40)
        .batch_size(2)
        .concurrency(8)
        .max_retries(3);
    let ran = run.at(&service).await;
    assert!(
        matches!(ran.stop, Some(StopReason::NotSignedIn { .. })),
        "{:?}",
        ran.stop
    );
    assert_eq!((ran.count("success"), ran.pending.len()), (2, 38));
    // Eight in vain at first, and then eight for each wait; a renewal is asked for once for all of them.
    assert!(service.requests() <= 1 + 8 * 4, "{}", service.requests());
}

#[tokio::test(start_paused = true)]
async fn the_token_services_retry_after_is_obeyed() {
    let service = FakeService::new().script(|sent, _| (sent.nth == 1).then(|| no_token(Some(20))));
    let run = Run::of_users(2).batch_size(1).concurrency(1);
    let ran = run.at(&service).await;
    assert_eq!(ran.assert_finished().count("success"), 2);
    assert!(ran.took >= Duration::from_secs(20), "{:?}", ran.took);
}

#[tokio::test(start_paused = true)]
async fn a_409_says_that_a_code_may_not_exist_where_the_seats_were_known_to_suffice() {
    let service = FakeService::new().script(|_, _| Some(answer(409, "no")));
    let mut run = Run::of_users(1);
    let unknown = run.at(&service).await.outcome("u0");
    assert!(
        !unknown.contains("may not have one of these codes"),
        "{unknown}"
    );
    run.policy.seats_suffice = true;
    let known = run.at(&service).await.outcome("u0");
    assert!(known.contains("may not have one of these codes"), "{known}");
}
