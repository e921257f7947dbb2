//! The calls for the licences of users, for seats, and for the end of direct allocations.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::identity::PageQuery;
use super::ledger::UserLicenses;
use super::people::People;
use super::state::{ServerState, refusal};
use super::state_file::Change;

/// The most users of a page.
const MAX_PAGE: usize = 50;

pub fn routes() -> Router<Arc<ServerState>> {
    let account = "/{organization}/lease_/api/account/{account}/user-license";
    let portal = "/{organization}/portal_/api";
    Router::new()
        .route(&format!("{account}/license/users"), post(of_users))
        .route(&format!("{account}/user/page"), get(direct_page))
        .route(
            &format!("{portal}/license/accountant/UserLicense/user/page"),
            get(direct_page),
        )
        .route(
            &format!("{portal}/identity/User/users/licenses"),
            get(effective_page),
        )
        .route(
            &format!("{portal}/license/accountant/UserLicense"),
            get(seats).delete(remove),
        )
        .route(
            "/{organization}/license_/api/account/{account}/license-summary",
            get(summary),
        )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIds {
    user_ids: Vec<String>,
}

type Parts = (
    State<Arc<ServerState>>,
    Path<BTreeMap<String, String>>,
    HeaderMap,
);

/// The licences of these users. Users without any are left out.
async fn of_users(parts: Parts, Json(request): Json<UserIds>) -> Response {
    let (State(state), Path(path), headers) = parts;
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let users = request.user_ids.iter();
    let users: Vec<_> = users
        .filter_map(|user_id| effective(&state, user_id))
        .collect();
    Json(users).into_response()
}

fn effective(state: &ServerState, user_id: &str) -> Option<Value> {
    let shared = state.shared();
    let licenses = shared.ledger.effective(user_id)?;
    Some(json!({
        "userId": user_id,
        "email": state.people.email(user_id),
        "userBundleCodes": licenses.codes,
        "useExternalLicense": licenses.external,
        "inheritedFromGroup": licenses.is_inherited,
    }))
}

/// A page of the licences of all users.
async fn effective_page(parts: Parts, Query(query): Query<PageQuery>) -> Response {
    let (State(state), Path(path), headers) = parts;
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let users = state
        .shared()
        .ledger
        .users()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let results = page(users, query);
    let results: Vec<_> = { results.iter() }
        .filter_map(|user| effective(&state, user))
        .collect();
    Json(json!({ "results": results })).into_response()
}

/// A page of direct allocations.
async fn direct_page(parts: Parts, Query(query): Query<PageQuery>) -> Response {
    let (State(state), Path(path), headers) = parts;
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let shared = state.shared();
    let direct = shared.ledger.direct();
    let results = page(direct.keys().cloned().collect(), query);
    let results = direct_allocations(&state.people, direct, &results);
    Json(json!({ "results": results, "totalCount": direct.len() })).into_response()
}

/// The direct allocations of these users: on this path, POST reads and PUT allocates (API.md, "POST on the allocation's
/// path").
pub async fn direct_of_users(parts: Parts, Json(request): Json<UserIds>) -> Response {
    let (State(state), Path(path), headers) = parts;
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let shared = state.shared();
    let direct = shared.ledger.direct();
    Json(direct_allocations(&state.people, direct, &request.user_ids)).into_response()
}

fn direct_allocations(
    people: &People,
    direct: &BTreeMap<String, UserLicenses>,
    user_ids: &[String],
) -> Vec<Value> {
    let allocated = user_ids.iter().filter_map(|id| Some((id, direct.get(id)?)));
    let allocation = |(user_id, licenses): (&String, &UserLicenses)| {
        let email = people.email(user_id);
        json!({
            "id": user_id,
            "email": email,
            "name": email,
            "userBundleLicenses": licenses.user_bundle_codes,
            "useExternalLicense": licenses.use_external_license,
            "orphan": false,
        })
    };
    allocated.map(allocation).collect()
}

fn page(users: Vec<String>, query: PageQuery) -> Vec<String> {
    let page = users.into_iter().skip(query.skip);
    page.take(query.top.min(MAX_PAGE)).collect()
}

/// The seats of every code.
pub async fn seats(parts: Parts) -> Response {
    let (State(state), Path(path), headers) = parts;
    match state.admit(&headers, &path) {
        Err(refused) => *refused,
        Ok(()) => Json(code_seats(&state, "allocated")).into_response(),
    }
}

async fn summary(parts: Parts) -> Response {
    let (State(state), Path(path), headers) = parts;
    match state.admit(&headers, &path) {
        Err(refused) => *refused,
        Ok(()) => Json(json!({ "userLicenses": code_seats(&state, "used") })).into_response(),
    }
}

fn code_seats(state: &ServerState, taken: &str) -> Vec<Value> {
    let shared = state.shared();
    let seats = shared.ledger.seats().iter();
    seats
        .map(|(code, seats)| json!({ "code": code, "total": seats.total, taken: seats.taken }))
        .collect()
}

/// Ends the direct allocations of users.
async fn remove(parts: Parts, Json(request): Json<UserIds>) -> Response {
    let (State(state), Path(path), headers) = parts;
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let mut shared = state.shared();
    shared.ledger.remove(&request.user_ids);
    match shared.keep(&Change::Removed(request.user_ids)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
