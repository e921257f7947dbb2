//! The Identity Server: IDs of e-mail addresses, and the list of users. And the portal's call for the organisation's ID.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::people::Person;
use super::state::{ServerState, refusal};
use crate::api::directory::MAX_NAMES;

pub fn routes() -> Router<Arc<ServerState>> {
    Router::new()
        .route(
            "/{organization}/identity_/api/Directory/BulkResolveByName/{account}",
            post(resolve_names),
        )
        .route(
            "/{organization}/identity_/api/User/users/{account}",
            get(list_users),
        )
        .route(
            "/{organization}/portal_/api/filtering/leftnav/tenantsAndOrganizationInfo",
            get(organization_info),
        )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResolveRequest {
    entity_names: Vec<String>,
}

/// The position of a page.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct PageQuery {
    pub top: usize,
    pub skip: usize,
}

impl Default for PageQuery {
    fn default() -> Self {
        Self { top: 20, skip: 0 }
    }
}

async fn resolve_names(
    State(state): State<Arc<ServerState>>,
    Path(path): Path<BTreeMap<String, String>>,
    headers: HeaderMap,
    Json(request): Json<ResolveRequest>,
) -> Response {
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    if request.entity_names.len() > MAX_NAMES {
        let message = format!("at most {MAX_NAMES} names");
        return refusal(StatusCode::BAD_REQUEST, &message);
    }
    let resolved = request.entity_names.into_iter().map(|name| {
        let entity = state.people.find(&name).map(entity).unwrap_or_default();
        (name, entity)
    });
    Json(Value::Object(resolved.collect())).into_response()
}

fn entity(person: &Person) -> Value {
    json!({
        "identifier": person.id,
        "name": person.email,
        "displayName": person.name,
        "email": person.email,
    })
}

async fn list_users(
    State(state): State<Arc<ServerState>>,
    Path(path): Path<BTreeMap<String, String>>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = state.admit(&headers, &path) {
        return *refused;
    }
    let people = state.people.all();
    let user = |person: &Person| {
        json!({
            "id": person.id,
            "userName": person.email,
            "email": person.email,
            "displayName": person.name,
            "isActive": true,
        })
    };
    let page = people.iter().skip(query.skip).take(query.top).map(user);
    let results: Vec<_> = page.collect();
    Json(json!({ "totalCount": people.len(), "results": results })).into_response()
}

async fn organization_info(
    State(state): State<Arc<ServerState>>,
    Path(path): Path<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    match state.admit(&headers, &BTreeMap::new()) {
        Err(refused) => *refused,
        Ok(()) => Json(json!({
            "organization": { "id": state.account, "name": path.get("organization") },
        }))
        .into_response(),
    }
}
