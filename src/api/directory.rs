//! The directory's calls: IDs of e-mail addresses, and the list of users (API.md, "What the service can answer").

use std::collections::HashMap;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::organization::{Account, page};

/// The most names of one call; the service refuses more.
pub const MAX_NAMES: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResolveRequest<'a> {
    entity_names: &'a [String],
    entity_type: &'static str,
}

/// The entity of each name that the directory knows. Names that it does not know are null or left out.
pub type ResolvedNames = HashMap<String, Option<Entity>>;

#[derive(Debug, Clone, Deserialize)]
pub struct Entity {
    /// The user's ID, if it is a bare GUID.
    pub identifier: Option<String>,
}

/// A page of the organisation's users.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    pub total_count: Option<u64>,
    pub results: Vec<DirectoryUser>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryUser {
    pub id: String,
    pub user_name: Option<String>,
    pub email: Option<String>,
}

/// Asks for the IDs of at most [`MAX_NAMES`] e-mail addresses.
pub fn resolve_names(account: &Account, names: &[String]) -> Call {
    let url = account.identity("Directory/BulkResolveByName");
    Call::with_body(
        Method::POST,
        url,
        &ResolveRequest {
            entity_names: names,
            entity_type: "User",
        },
    )
}

/// Asks for the users after the first `skip`.
pub fn list_users(account: &Account, top: usize, skip: usize) -> Call {
    Call::get(page(account.identity("User/users"), top, skip))
}
