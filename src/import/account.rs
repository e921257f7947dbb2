//! Which account requests are for: the one that is given, and else the one that the token or the portal names.

use anyhow::bail;

use crate::api::{Account, Client, Endpoint, Organization};
use crate::hint::Failure;
use crate::lookup::{CallFailure, Caller, find_account};
use crate::sanitize::printable;
use crate::settings::ServiceAddress;
use crate::user_id::UserKey;

/// Where requests go, once the account is known.
pub struct Located {
    pub endpoint: Endpoint,
    pub account_id: String,
    /// What says so.
    pub account_source: &'static str,
    /// The account, if its organisation is known, so that the service can be asked about it.
    pub account: Option<Account>,
}

/// Finds the account, after the first sign-in. An account that contradicts the token or the portal is an error.
pub async fn locate(
    caller: &Caller<'_, Client>,
    said_by_token: Option<String>,
    address: &ServiceAddress,
) -> anyhow::Result<Located> {
    let name = address.organization.as_deref();
    let organization = name.map(|name| Organization::new(&address.base_url, name));
    let organization = organization.transpose()?;
    let said = match said_by_token {
        Some(id) => Ok(Some((id, "the token"))),
        None => said_by_portal(caller, organization.as_ref()).await,
    };
    let (account_id, account_source) = choose_account(address.account.as_deref(), said)?;
    Ok(Located {
        endpoint: Endpoint::new(&address.base_url, address.endpoint, name, &account_id)?,
        account: organization.map(|organization| Account {
            organization,
            id: account_id.clone(),
        }),
        account_id,
        account_source,
    })
}

/// The account that is given, unless the token or the portal says another; without one, the account that they say.
fn choose_account(
    given: Option<&str>,
    said: Result<Option<(String, &'static str)>, CallFailure>,
) -> anyhow::Result<(String, &'static str)> {
    match (given, said) {
        (None, Err(failure)) => bail!(
            Failure::new(format!("cannot ask the portal for the account: {failure}"))
                .hint("check the network with `seatload check`, retry later, or give the account ID: --account ID")
        ),
        (Some(given), Ok(Some((said, source)))) if UserKey::of(given) != UserKey::of(&said) => bail!(
            Failure::new(format!(
                "--account is {}, but {source} is for the account {}",
                printable(given, 60),
                printable(&said, 60)
            ))
            .hint("remove --account, or use the address and the token of the other organisation")
        ),
        (Some(given), _) => Ok((given.to_owned(), "--account")),
        (None, Ok(Some(said))) => Ok(said),
        (None, Ok(None)) => bail!(
            Failure::new("--account is missing, and neither the token nor the portal says it")
                .hint("give the portal's address with --url, or the account ID with --account; or try --sandbox")
        ),
    }
}

/// The account that the portal names, if it does.
async fn said_by_portal(
    caller: &Caller<'_, Client>,
    organization: Option<&Organization>,
) -> Result<Option<(String, &'static str)>, CallFailure> {
    let Some(organization) = organization else {
        return Ok(None);
    };
    match find_account(caller, organization).await {
        Ok(id) => Ok(Some((id, "the portal"))),
        Err(failure) if failure.is_about_the_way() => Ok(None),
        Err(failure) => Err(failure),
    }
}
