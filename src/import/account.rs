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
    /// The account, if its organisation is known, so that the service can be asked about it.
    pub account: Option<Account>,
}

/// Finds the account, after the first sign-in. An account that contradicts the token or the portal is an error.
pub async fn locate(
    client: &Client,
    address: &ServiceAddress,
    max_retries: u32,
) -> anyhow::Result<Located> {
    let name = address.organization.as_deref();
    let organization = name.map(|name| Organization::new(&address.base_url, name));
    let organization = organization.transpose()?;
    // Where the account is given, the portal may only contradict it.
    let retries = if address.account.is_some() {
        0
    } else {
        max_retries
    };
    let said = match said_account(client, organization.as_ref(), retries).await {
        Err(failure) if address.account.is_none() => bail!(
            Failure::new(format!("cannot ask the portal for the account: {failure}"))
                .hint("retry later, or give the account ID of the organisation: --account ID")
        ),
        said => said.unwrap_or_default(),
    };
    let account_id = match (&address.account, said) {
        (Some(given), Some((said, source))) if UserKey::of(given) != UserKey::of(&said) => bail!(
            Failure::new(format!(
                "--account is {}, but {source} is for the account {}",
                printable(given, 60),
                printable(&said, 60)
            ))
            .hint("remove --account, or use the address and the token of the other organisation")
        ),
        (Some(given), _) => given.clone(),
        (None, Some((said, _))) => said,
        (None, None) => bail!(
            Failure::new("--account is missing, and neither the token nor the portal says it")
                .hint("give the portal's address with --url, or the account ID with --account; or try --sandbox")
        ),
    };
    Ok(Located {
        endpoint: Endpoint::new(&address.base_url, address.endpoint, name, &account_id)?,
        account: organization.map(|organization| Account {
            organization,
            id: account_id.clone(),
        }),
        account_id,
    })
}

/// The account that the token names, or else the portal, and which of them does.
async fn said_account(
    client: &Client,
    organization: Option<&Organization>,
    max_retries: u32,
) -> Result<Option<(String, &'static str)>, CallFailure> {
    if let Some(id) = client.tokens().account() {
        return Ok(Some((id, "the token")));
    }
    let Some(organization) = organization else {
        return Ok(None);
    };
    match find_account(&Caller::new(client, max_retries), organization).await {
        Ok(id) => Ok(Some((id, "the portal"))),
        Err(failure) if failure.is_about_the_way() => Ok(None),
        Err(failure) => Err(failure),
    }
}
