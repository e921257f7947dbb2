//! Which account the organisation has, as the portal says.

use super::caller::Caller;
use super::failure::CallFailure;
use crate::api::account::{OrganizationInfo, organization_info};
use crate::api::{Calls, Organization};

/// The account ID of an organisation.
///
/// # Errors
/// When the portal does not say.
pub async fn find_account<C: Calls>(
    caller: &Caller<'_, C>,
    organization: &Organization,
) -> Result<String, CallFailure> {
    let call = organization_info(organization);
    let info: OrganizationInfo = caller
        .call(&call)
        .await?
        .json()
        .map_err(CallFailure::Invalid)?;
    Ok(info.organization.id)
}
