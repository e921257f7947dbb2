//! Reads what users have.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, future, stream};
use reqwest::Method;

use super::caller::{Caller, IN_FLIGHT};
use super::failure::{CallFailure, LookupError, Question, Ways};
use super::pages::{Page, read_pages};
use crate::api::licenses::{LicensePage, LicensedUser, Listing, licenses_of};
use crate::api::{Account, Calls};
use crate::user_id::UserKey;

const QUESTION: Question = Question {
    what: "which licences users have",
    scope: "PM.License.Read",
};

/// An answer that may hide what users have.
const UNPROVEN: &str = "an empty answer, and no listing that shows whether it is true";

/// How many users one call asks for.
const USERS_PER_CALL: usize = 100;

/// The longest ID, address or code that is read, in bytes.
const MAX_NAME: usize = 1024;

/// What one user has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceLicenses {
    pub user_id: String,
    pub email: String,
    pub codes: Vec<String>,
    /// None where the service does not say.
    pub external: Option<bool>,
    /// The licences come from a group, and not from a direct allocation.
    pub is_inherited: bool,
}

/// Reads what these users have. Users without licences may be left out.
///
/// # Errors
/// When the service does not answer. A listing that could not be read to its end is not used.
pub async fn read_licenses<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    user_ids: &[String],
) -> Result<Vec<ServiceLicenses>, LookupError> {
    collect_licenses(caller, account, user_ids).await
}

/// The same into any collection, such as a file. Each way to ask starts with an empty one.
///
/// # Errors
/// As [`read_licenses`].
pub async fn collect_licenses<T: Default + Extend<ServiceLicenses>, C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    user_ids: &[String],
) -> Result<T, LookupError> {
    if user_ids.is_empty() {
        return Ok(T::default());
    }
    let mut ways = Ways::new(QUESTION);
    caller.expect(user_ids.len() as u64, USERS_PER_CALL, Method::POST);
    match read_by_id(caller, account, user_ids).await {
        Ok((read, users)) if users > 0 || knows_licenses(caller, account).await? => {
            return Ok(read);
        }
        Ok(_) => ways.failed("by ID", CallFailure::Invalid(UNPROVEN.to_owned()))?,
        Err(failure) => ways.failed("by ID", failure)?,
    }
    let wanted: HashSet<UserKey<'_>> = user_ids.iter().map(|id| UserKey::of(id)).collect();
    for listing in Listing::ALL {
        let mut read = T::default();
        let listed = read_listing(caller, account, listing, |user| {
            if wanted.contains(&UserKey::of(&user.user_id)) {
                read.extend([user]);
            }
            Ok(())
        });
        match listed.await {
            Ok(()) => return Ok(read),
            Err(failure) => ways.failed(name(listing), failure)?,
        }
    }
    Err(ways.into_error())
}

/// Reads what all users have, in the service's order, and hands each to `take`.
///
/// # Errors
/// When the service does not answer, or `take` fails.
pub async fn read_all_licenses<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    mut take: impl FnMut(ServiceLicenses) -> Result<(), CallFailure>,
) -> Result<(), LookupError> {
    let mut ways = Ways::new(QUESTION);
    for listing in Listing::ALL {
        let mut has_taken = false;
        let listed = read_listing(caller, account, listing, |user| {
            has_taken = true;
            take(user)
        });
        match listed.await {
            Ok(()) => return Ok(()),
            // What was taken cannot be taken back, so no other listing may follow.
            Err(failure) if has_taken => {
                let what = QUESTION.what;
                return Err(LookupError::Unavailable { what, failure });
            }
            Err(failure) => ways.failed(name(listing), failure)?,
        }
    }
    Err(ways.into_error())
}

/// Whether the call by ID knows a user who is listed as having licences. An empty answer may come from a service that
/// has none to tell, or from one that does not tell this caller.
async fn knows_licenses<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
) -> Result<bool, LookupError> {
    let mut ways = Ways::new(QUESTION);
    for listing in Listing::ALL {
        let page = caller.call(&listing.page(account, 1, 0)).await;
        match page.and_then(|answer| answer.json::<LicensePage>().map_err(CallFailure::Invalid)) {
            Ok(page) => {
                let Some(listed) = page.results.into_iter().find_map(|user| checked(user).ok())
                else {
                    return Ok(true);
                };
                let read = read_by_id::<Vec<_>, C>(caller, account, &[listed.user_id]).await;
                return Ok(read.is_ok_and(|(_, users)| users > 0));
            }
            Err(failure) => ways.failed(name(listing), failure)?,
        }
    }
    Ok(false)
}

/// Gives how many users were read, too.
async fn read_by_id<T: Default + Extend<ServiceLicenses>, C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    user_ids: &[String],
) -> Result<(T, usize), CallFailure> {
    let calls = stream::iter(user_ids.chunks(USERS_PER_CALL)).map(|user_ids| async move {
        let answer = caller.call(&licenses_of(account, user_ids)).await?;
        let users: Vec<LicensedUser> = answer.json().map_err(CallFailure::Invalid)?;
        let asked: HashSet<UserKey<'_>> = user_ids.iter().map(|id| UserKey::of(id)).collect();
        let mut read = Vec::new();
        for user in users {
            let user = checked(user)?;
            if asked.contains(&UserKey::of(&user.user_id)) {
                read.push(user);
            }
        }
        caller.done(user_ids.len() as u64);
        Ok(read)
    });
    let nothing = (T::default(), 0);
    let add = |(mut all, count): (T, usize), read: Vec<_>| {
        let count = count + read.len();
        all.extend(read);
        future::ready(Ok((all, count)))
    };
    calls.buffered(IN_FLIGHT).try_fold(nothing, add).await
}

async fn read_listing<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    listing: Listing,
    mut take: impl FnMut(ServiceLicenses) -> Result<(), CallFailure>,
) -> Result<(), CallFailure> {
    let page = |top, skip| listing.page(account, top, skip);
    read_pages::<LicensePage, C>(caller, page, |user| take(checked(user)?)).await
}

/// A user whose licences are clear.
fn checked(user: LicensedUser) -> Result<ServiceLicenses, CallFailure> {
    let invalid = |what: &str| CallFailure::Invalid(format!("an answer with a user {what}"));
    let codes = user
        .user_bundle_codes
        .ok_or_else(|| invalid("without codes"))?;
    let user_id = user.user_id.ok_or_else(|| invalid("without an ID"))?;
    let is_address = |text: &String| text.contains('@');
    let email = user
        .email
        .filter(is_address)
        .or(user.name.filter(is_address));
    let email = email.unwrap_or_default();
    if codes
        .iter()
        .chain([&user_id, &email])
        .any(|text| text.len() > MAX_NAME)
    {
        return Err(invalid("with a name of more than 1 KiB"));
    }
    Ok(ServiceLicenses {
        user_id,
        email,
        codes,
        external: user.use_external_license,
        is_inherited: user.inherited_from_group == Some(true),
    })
}

impl Page for LicensePage {
    type User = LicensedUser;

    fn total(&self) -> Option<u64> {
        self.total_count
    }

    fn users(self) -> Vec<LicensedUser> {
        self.results
    }

    fn user_id(user: &LicensedUser) -> &str {
        user.user_id.as_deref().unwrap_or_default()
    }
}

fn name(listing: Listing) -> &'static str {
    match listing {
        Listing::Effective => "list of users with licences",
        Listing::DirectByPortal => "list of allocations (portal)",
        Listing::DirectByLease => "list of allocations",
    }
}
