//! Which account an organisation has (API.md, "What the service can answer", the account ID).

use serde::Deserialize;

use super::call::Call;
use super::organization::Organization;

/// The portal's answer.
#[derive(Debug, Clone, Deserialize)]
pub struct OrganizationInfo {
    pub organization: NamedOrganization,
}

#[derive(Debug, Clone, Deserialize)]
pub struct NamedOrganization {
    pub id: String,
}

/// Asks the portal for the organisation's ID, which is that of its account.
pub fn organization_info(organization: &Organization) -> Call {
    Call::get(organization.portal("filtering/leftnav/tenantsAndOrganizationInfo"))
}
