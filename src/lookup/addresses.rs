//! Looks up the user IDs of e-mail addresses.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use uuid::Uuid;

use super::caller::{Caller, IN_FLIGHT};
use super::failure::{CallFailure, LookupError, Question, Ways};
use super::pages::{Page, read_pages};
use crate::api::directory::{
    DirectoryUser, MAX_NAMES, ResolvedNames, UserPage, list_users, resolve_names,
};
use crate::api::{Account, Calls};

const QUESTION: Question = Question {
    what: "which users the e-mail addresses belong to",
    scope: "PM.Directory",
};

/// The users that the service names with the addresses, in lower case. An address may belong to several users.
pub type FoundAddresses = Vec<(String, Uuid)>;

/// Looks up addresses, which are in lower case and distinct.
///
/// # Errors
/// When the service does not answer.
pub async fn look_up_addresses<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    addresses: &[String],
) -> Result<FoundAddresses, LookupError> {
    let mut ways = Ways::new(QUESTION);
    caller.expect(addresses.len() as u64, MAX_NAMES, Method::POST);
    match resolve_all(caller, account, addresses).await {
        Ok(found) => return Ok(found),
        Err(failure) => ways.failed("names", failure)?,
    }
    match find_in_list(caller, account, addresses).await {
        Ok(found) => return Ok(found),
        Err(failure) => ways.failed("list of users", failure)?,
    }
    Err(ways.into_error())
}

async fn resolve_all<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    addresses: &[String],
) -> Result<FoundAddresses, CallFailure> {
    let calls = stream::iter(addresses.chunks(MAX_NAMES)).map(|names| async move {
        let found = resolve(caller, account, names).await?;
        caller.done(names.len() as u64);
        Ok(found)
    });
    let mut found: FoundAddresses = calls.buffer_unordered(IN_FLIGHT).try_concat().await?;
    found.sort_unstable();
    Ok(found)
}

/// A result counts only if it names an address that was asked for, and gives a bare GUID.
async fn resolve<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    names: &[String],
) -> Result<FoundAddresses, CallFailure> {
    let answer = caller.call(&resolve_names(account, names)).await?;
    let resolved: ResolvedNames = answer.json().map_err(CallFailure::Invalid)?;
    let mut found: FoundAddresses = resolved
        .into_iter()
        .filter_map(|(name, entity)| {
            let name = name.to_lowercase();
            let user = bare_guid(&entity?.identifier?)?;
            names.contains(&name).then_some((name, user))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

async fn find_in_list<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    addresses: &[String],
) -> Result<FoundAddresses, CallFailure> {
    let wanted: HashSet<&str> = addresses.iter().map(String::as_str).collect();
    let mut found = FoundAddresses::new();
    let page = |top, skip| list_users(account, top, skip);
    read_pages::<UserPage, C>(caller, page, |user| {
        if let Some(id) = bare_guid(&user.id) {
            let names = [user.email, user.user_name].into_iter().flatten();
            let names = names.map(|name| name.to_lowercase());
            let names = names.filter(|name| wanted.contains(name.as_str()));
            found.extend(names.map(|name| (name, id)));
        }
        Ok(())
    })
    .await?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

impl Page for UserPage {
    type User = DirectoryUser;

    fn total(&self) -> Option<u64> {
        self.total_count
    }

    fn users(self) -> Vec<DirectoryUser> {
        self.results
    }

    fn user_id(user: &DirectoryUser) -> &str {
        &user.id
    }
}

/// A GUID without braces or a prefix.
fn bare_guid(text: &str) -> Option<Uuid> {
    let has_bare_length = matches!(text.len(), 32 | 36);
    Uuid::try_parse(text).ok().filter(|_| has_bare_length)
}
