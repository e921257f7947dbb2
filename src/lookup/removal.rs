//! Ends direct allocations.

use super::caller::Caller;
use super::failure::CallFailure;
use crate::api::{Account, Calls, licenses};

/// Ends the direct allocations of users; what groups give them applies again. Success is not confirmed: no document
/// says what the response means.
///
/// # Errors
/// When the service refuses, or does not answer: then the users may have been removed all the same.
pub async fn remove_users<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    user_ids: &[String],
) -> Result<(), CallFailure> {
    let call = licenses::remove_users(account, user_ids);
    caller.call(&call).await.map(|_| ())
}
