//! The state that the requests to a sandbox share and change.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Share;
use super::arrivals::Arrivals;
use super::ledger::Ledger;
use super::people::People;
use super::state_file::{Change, StateFile};

/// The state that all requests share.
pub struct ServerState {
    pub account: String,
    pub latency: Duration,
    pub allocation_latency: Duration,
    pub fail: Share,
    pub people: People,
    pub shared: Mutex<AccountState>,
}

/// The state that requests change.
pub struct AccountState {
    pub ledger: Ledger,
    pub file: Option<StateFile>,
    pub arrivals: Option<Arrivals>,
    /// The Identity Server has quotas of its own, by method.
    pub identity_arrivals: BTreeMap<bool, Arrivals>,
    pub random: fastrand::Rng,
    pub requests: u64,
    pub by_status: BTreeMap<u16, u64>,
}

impl AccountState {
    /// Keeps a change that was applied.
    pub fn keep(&mut self, change: &Change) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.append(change),
            None => Ok(()),
        }
    }
}

impl ServerState {
    pub fn shared(&self) -> MutexGuard<'_, AccountState> {
        // No change is left half-done by a panic.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request may be answered: it has a token, and the account in its path exists.
    pub fn admit(
        &self,
        headers: &HeaderMap,
        path: &BTreeMap<String, String>,
    ) -> Result<(), Box<Response>> {
        if !has_token(headers) {
            return Err(Box::new(refusal(StatusCode::UNAUTHORIZED, "")));
        }
        match path.get("account") {
            Some(account) if *account != self.account => {
                let message =
                    format!("No account licence is allocated for the organisation {account}");
                Err(Box::new(refusal(StatusCode::NOT_FOUND, &message)))
            }
            _ => Ok(()),
        }
    }
}

/// Keeps the changes of a running sandbox.
#[derive(Clone)]
pub struct StateKeeper(pub Arc<ServerState>);

impl StateKeeper {
    /// Appends changes to this file from now on.
    pub fn keep_in(&self, path: &Path) -> io::Result<()> {
        self.0.shared().file = Some(StateFile::open(path)?);
        Ok(())
    }
}

fn has_token(headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|token| !token.trim().is_empty())
}

pub fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
