use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::api::{
    Account, Answer, Call, CallResult, Calls, Organization, RateLimitHeaders, SentAt,
};

/// A service in memory, which keeps the calls that it gets.
struct Fake<F> {
    calls: Mutex<Vec<(String, Instant)>>,
    respond: F,
    limits: CallLimits,
}

impl<F: Fn(&str, &Value) -> CallResult + Sync> Calls for Fake<F> {
    async fn call(&self, call: &Call, sent_at: SentAt) -> CallResult {
        sent_at.set_now();
        let url = &call.url;
        let query = url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let name = format!("{} {}{query}", call.method, url.path());
        self.calls
            .lock()
            .unwrap()
            .push((name.clone(), Instant::now()));
        let body = call.body.as_deref().unwrap_or(b"null");
        (self.respond)(&name, &serde_json::from_slice(body).unwrap())
    }
}

fn fake<F: Fn(&str, &Value) -> CallResult + Sync>(respond: F) -> Fake<F> {
    Fake {
        calls: Mutex::default(),
        respond,
        limits: CallLimits::new(Instant::now()),
    }
}

impl<F: Fn(&str, &Value) -> CallResult + Sync> Fake<F> {
    fn caller(&self) -> Caller<'_, Self> {
        Caller::new(self, &self.limits, 5)
    }

    fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

/// Counts what is done.
#[derive(Default)]
struct Done(Cell<u64>);

impl LookupObserver for Done {
    fn done(&self, more: u64) {
        self.0.set(self.0.get() + more);
    }
}

fn account() -> Account {
    let organization = Organization::new("https://cloud.uipath.com", "acme").unwrap();
    Account {
        organization,
        id: "8f3c".to_owned(),
    }
}

fn status(status: u16, body: Value) -> CallResult {
    CallResult::Answered(Answer {
        status,
        body: body.to_string().into_bytes(),
        ..Answer::default()
    })
}

fn ok(body: Value) -> CallResult {
    status(200, body)
}

fn guid(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn addresses(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("user{number}@acme.example"))
        .collect()
}

/// Every address has a user, but for those that end in 7.
fn directory(_: &str, body: &Value) -> CallResult {
    let names = body["entityNames"].as_array().unwrap();
    assert!(names.len() <= 20);
    let found = names.iter().map(|name| {
        let name = name.as_str().unwrap();
        let number = name.trim_start_matches("user").split('@').next().unwrap();
        let entity = match number.ends_with('7') {
            true => Value::Null,
            false => json!({ "identifier": guid(number.parse().unwrap()), "email": name }),
        };
        (name.to_owned(), entity)
    });
    ok(Value::Object(found.collect()))
}

#[tokio::test(start_paused = true)]
async fn addresses_are_looked_up_twenty_at_a_time() {
    let service = fake(directory);
    let asked = addresses(300);
    let done = Done::default();
    let found = look_up_addresses(&service.caller().observed_by(&done), &account(), &asked)
        .await
        .unwrap();
    assert_eq!(service.count(), 15);
    assert_eq!(found.len(), 270);
    assert_eq!(done.0.into_inner(), 300);
    assert!(found.contains(&("user12@acme.example".to_owned(), Uuid::from_u128(12))));
}

/// What a look-up says is left, and when.
#[derive(Default)]
struct TimeLeft(RefCell<Vec<(Instant, Duration)>>);

impl LookupObserver for TimeLeft {
    fn left(&self, at_least: Duration) {
        self.0.borrow_mut().push((Instant::now(), at_least));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_left_contains_the_waits_for_the_quota() {
    let service = fake(directory);
    let said = TimeLeft::default();
    look_up_addresses(
        &service.caller().observed_by(&said),
        &account(),
        &addresses(1_000_000),
    )
    .await
    .unwrap();
    let end = Instant::now();
    let said = said.0.into_inner();
    assert!(said[0].1 > Duration::from_secs(600), "{:?}", said[0]);
    for (at, left) in said {
        let really_left = end - at;
        // Requests in flight count twice; calls that wait together leave within a second.
        assert!(
            left <= really_left + Duration::from_secs(1),
            "{left:?} {really_left:?}"
        );
        assert!(
            left + Duration::from_secs(2) >= really_left,
            "{left:?} {really_left:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_counts_only_for_an_address_that_was_asked_for_and_with_a_bare_guid() {
    let service = fake(|_, _| {
        ok(json!({
            "ANN@acme.example": { "identifier": guid(1) },
            "ben@acme.example": { "identifier": format!("aad|{}", guid(2)) },
            "eve@acme.example": { "identifier": guid(3) },
            "dan@acme.example": { "identifier": format!("{{{}}}", guid(4)) },
            "fay@acme.example": null,
        }))
    });
    let asked = ["ann", "ben", "dan", "fay", "gil"].map(|name| format!("{name}@acme.example"));
    let found = look_up_addresses(&service.caller(), &account(), &asked)
        .await
        .unwrap();
    assert_eq!(found, [("ann@acme.example".to_owned(), Uuid::from_u128(1))]);
}

#[tokio::test(start_paused = true)]
async fn where_names_are_refused_the_list_of_users_serves() {
    let service = fake(|name, _| match name {
        "GET /acme/identity_/api/User/users/8f3c?top=1000&skip=0" => ok(json!({ "results": [
            { "id": guid(1), "userName": "ann", "email": "Ann@acme.example" },
            { "id": guid(2), "userName": "ben@acme.example", "email": null },
        ]})),
        "GET /acme/identity_/api/User/users/8f3c?top=1000&skip=2" => ok(json!({ "results": [] })),
        _ => status(403, json!({})),
    });
    let asked = ["ann@acme.example", "ben@acme.example"].map(str::to_owned);
    let found = look_up_addresses(&service.caller(), &account(), &asked)
        .await
        .unwrap();
    let users: Vec<_> = found.iter().map(|(_, id)| id.as_u128()).collect();
    assert_eq!(users, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn without_any_way_the_error_names_each_and_the_scope() {
    let service = fake(|name, _| match name.starts_with("POST") {
        true => status(401, json!({})),
        false => status(404, json!({})),
    });
    let error = look_up_addresses(&service.caller(), &account(), &addresses(1)).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the service does not say which users the e-mail addresses belong to (names: refused with 401; list of users: not there (status 404))"
    );
}

#[tokio::test(start_paused = true)]
async fn looking_up_stays_within_the_quota_and_is_as_fast_as_it_allows() {
    // 24,000 calls in five minutes are 480,000 addresses.
    let service = fake(|_, _| ok(json!({})));
    let start = Instant::now();
    let caller = service.caller();
    look_up_addresses(&caller, &account(), &addresses(20 * 24_500))
        .await
        .unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(300), "{took:?}");
    assert!(took < Duration::from_secs(310), "{took:?}");
    let calls = service.calls.lock().unwrap();
    let in_first_window = calls
        .iter()
        .filter(|(_, at)| *at - start < Duration::from_secs(300));
    assert_eq!(in_first_window.count(), 24_000);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_makes_every_call_wait() {
    let first = Mutex::new(true);
    let service = fake(|_, _| match std::mem::take(&mut *first.lock().unwrap()) {
        true => CallResult::Answered(Answer {
            status: 429,
            limits: RateLimitHeaders {
                retry_after: Some(Duration::from_secs(40)),
                ..RateLimitHeaders::default()
            },
            ..Answer::default()
        }),
        false => ok(json!({})),
    });
    let caller = service.caller();
    let start = Instant::now();
    look_up_addresses(&caller, &account(), &addresses(20 * 200))
        .await
        .unwrap();
    let calls = service.calls.lock().unwrap();
    let during_wait = calls
        .iter()
        .filter(|(_, at)| *at - start < Duration::from_secs(40));
    // Those that were in flight already.
    assert!(during_wait.count() <= caller::IN_FLIGHT);
    assert_eq!(calls.len(), 201);
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_retried_until_the_retries_are_used_up() {
    let left = Mutex::new(5);
    let service = fake(|_, _| {
        let mut left = left.lock().unwrap();
        *left -= 1;
        match *left {
            0.. => status(503, json!({})),
            _ => ok(json!({})),
        }
    });
    assert!(
        look_up_addresses(&service.caller(), &account(), &addresses(1))
            .await
            .is_ok()
    );
    let service = fake(|_, _| CallResult::NoResponse {
        reason: "no connection".to_owned(),
    });
    let error = look_up_addresses(&service.caller(), &account(), &addresses(1)).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "cannot ask the service which users the e-mail addresses belong to: no connection"
    );
    assert_eq!(service.count(), 6);
}

/// A listing of `users` in pages of at most 50, under the portal's listing of allocations.
fn listing(name: &str, users: usize, total: Option<usize>) -> CallResult {
    if !name.contains("/user/page") || name.contains("lease_") {
        return status(404, json!({}));
    }
    let skip: usize = name.rsplit('=').next().unwrap().parse().unwrap();
    let page: Vec<_> = (skip..users.min(skip + 50))
        .map(|number| json!({
            "id": guid(number as u128), "email": null, "name": format!("user{number}@acme.example"),
            "userBundleLicenses": ["ATTUNU"], "orphan": false,
        }))
        .collect();
    ok(json!({ "results": page, "totalCount": total }))
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_read_until_a_page_is_empty_and_only_what_concerns_the_file_is_kept() {
    let service = fake(|name, _| listing(name, 230, None));
    let asked: Vec<_> = [3, 229, 5000].map(guid).into();
    let read = read_licenses(&service.caller(), &account(), &asked)
        .await
        .unwrap();
    let users: Vec<_> = read.iter().map(|user| user.user_id.clone()).collect();
    assert_eq!(users, [guid(3), guid(229)]);
    assert_eq!(read[0].email, "user3@acme.example");
    assert_eq!(read[0].external, None);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_ends_early_or_repeats_itself_is_not_used() {
    let asked = [guid(3)];
    let service = fake(|name, _| listing(name, 80, Some(230)));
    let error = read_licenses(&service.caller(), &account(), &asked)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("ends after 80 of 230 users"),
        "{error}"
    );
    let service = fake(|name, _| listing(&name.replace("skip=50", "skip=0"), 230, None));
    let error = read_licenses(&service.caller(), &account(), &asked)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has a user twice"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_total_that_is_too_small_does_not_end_a_listing() {
    let service = fake(|name, _| listing(name, 230, Some(50)));
    let read = read_licenses(&service.caller(), &account(), &[guid(229)]).await;
    assert_eq!(read.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn licences_are_read_by_id_where_the_service_can() {
    let service = fake(|_, body| {
        let users = body["userIds"].as_array().unwrap();
        assert!(users.len() <= 100);
        ok(json!([
            { "userId": users[0], "userBundleCodes": ["IDU"], "useExternalLicense": true, "inheritedFromGroup": true },
            { "userId": guid(9_999), "userBundleCodes": ["PMD"], "useExternalLicense": false },
        ]))
    });
    let asked: Vec<_> = (0..230).map(guid).collect();
    let read = read_licenses(&service.caller(), &account(), &asked)
        .await
        .unwrap();
    assert_eq!(service.count(), 3);
    assert_eq!(read.len(), 3);
    assert!(
        read.iter()
            .all(|user| user.is_inherited && user.external == Some(true))
    );
}

#[tokio::test(start_paused = true)]
async fn seats_are_read_from_the_first_way_that_works() {
    let service = fake(|name, _| match name {
        "GET /acme/license_/api/account/8f3c/license-summary" => ok(json!({ "userLicenses": [
            { "code": "ATTUNU", "total": 50, "used": 20 },
            { "code": "IDU", "total": 5, "used": 7 },
        ]})),
        "GET /acme/lease_/api/account/8f3c/user-license" => status(405, json!({})),
        _ => CallResult::Answered(Answer {
            status: 200,
            is_html: true,
            ..Answer::default()
        }),
    });
    let free = read_free_seats(&service.caller(), &account())
        .await
        .unwrap();
    assert_eq!(
        free,
        [("ATTUNU".to_owned(), 30), ("IDU".to_owned(), 0)].into()
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_by_id_counts_only_if_the_call_knows_a_user_with_licences() {
    let listed = json!({ "results": [{ "id": guid(7), "userBundleLicenses": ["IDU"] }] });
    for (knows, expected) in [(true, 0), (false, 1)] {
        let service = fake(|name, body| match name {
            name if name.contains("license/users") => {
                ok(match body["userIds"][0] == guid(7) && knows {
                    true => json!([{ "userId": guid(7), "userBundleCodes": ["IDU"] }]),
                    false => json!([]),
                })
            }
            name if name.contains("accountant/UserLicense/user/page")
                && name.ends_with("skip=0") =>
            {
                ok(listed.clone())
            }
            name if name.contains("accountant/UserLicense/user/page") => {
                ok(json!({ "results": [] }))
            }
            _ => status(404, json!({})),
        });
        let asked = [guid(3)];
        let read = read_licenses(&service.caller(), &account(), &asked)
            .await
            .unwrap();
        assert!(read.is_empty());
        // A call that is not trusted gives way to the listing.
        let listings = service.calls.lock().unwrap();
        let listings = listings
            .iter()
            .filter(|(name, _)| name.contains("top=1000"));
        assert_eq!(listings.count() > 0, expected == 1, "{knows}");
    }
}
