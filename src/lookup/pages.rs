//! Reads a listing page by page until a page is empty, whatever the page size.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::caller::Caller;
use super::failure::CallFailure;
use crate::api::{Call, Calls};
use crate::user_id::UserKey;

/// The page size that is asked for. Services may cap it, at 50 for example.
const PAGE: usize = 1000;

/// The most users that a listing may have.
const MAX_USERS: usize = 10_000_000;

/// A page of a listing.
pub trait Page: DeserializeOwned {
    type User;

    /// How many users the listing has, if the service says so.
    fn total(&self) -> Option<u64>;
    fn users(self) -> Vec<Self::User>;
    fn user_id(user: &Self::User) -> &str;
}

/// Reads all pages, in order, and hands each user to `take`.
///
/// # Errors
/// When a page cannot be read, a user is listed twice (the listing has moved, or repeats itself), or the listing ends
/// before its total: then nothing that was taken may be used.
pub async fn read_pages<P: Page, C: Calls>(
    caller: &Caller<'_, C>,
    page: impl Fn(usize, usize) -> Call,
    mut take: impl FnMut(P::User) -> Result<(), CallFailure>,
) -> Result<(), CallFailure> {
    let mut known = KnownUsers::default();
    loop {
        let skip = known.keys.len();
        let answer = caller.call(&page(PAGE, skip)).await?;
        let read: P = answer.json().map_err(CallFailure::Invalid)?;
        let total = read.total();
        let users = read.users();
        let is_last = users.is_empty();
        if let (0, Some(total)) = (skip, total) {
            caller.expect(total, users.len(), Method::GET);
        }
        caller.done(users.len() as u64);
        for user in users {
            known.add(P::user_id(&user))?;
            take(user)?;
        }
        // A total may be wrong, so only an empty page is the end.
        if is_last {
            let count = known.keys.len();
            return match total {
                Some(total) if total > count as u64 => Err(CallFailure::Invalid(format!(
                    "a listing that ends after {count} of {total} users"
                ))),
                _ => Ok(()),
            };
        }
    }
}

/// The users that were listed: GUIDs, and hashes of other IDs.
#[derive(Default)]
struct KnownUsers {
    keys: HashSet<u128>,
    hasher: RandomState,
}

impl KnownUsers {
    fn add(&mut self, user_id: &str) -> Result<(), CallFailure> {
        let key = match UserKey::of(user_id) {
            UserKey::Guid(guid) => guid,
            UserKey::Text(text) => self.hasher.hash_one(text).into(),
        };
        let problem = match self.keys.insert(key) {
            false => "a listing that has a user twice".to_owned(),
            true if self.keys.len() > MAX_USERS => {
                format!("a listing of more than {MAX_USERS} users")
            }
            true => return Ok(()),
        };
        Err(CallFailure::Invalid(problem))
    }
}
