//! The calls that say what users have, and the one that ends direct allocations (API.md, "What the service can
//! answer").

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::organization::{Account, page};

/// What a user has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LicensedUser {
    #[serde(alias = "id")]
    pub user_id: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    /// In some listings the e-mail address stands here.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(alias = "userBundleLicenses")]
    pub user_bundle_codes: Option<Vec<String>>,
    #[serde(default)]
    pub use_external_license: Option<bool>,
    /// The licences come from a group, and not from a direct allocation.
    #[serde(default)]
    pub inherited_from_group: Option<bool>,
}

/// A page of users with their licences.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LicensePage {
    pub total_count: Option<u64>,
    pub results: Vec<LicensedUser>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIds<'a> {
    user_ids: &'a [String],
}

/// The listings of what all users have, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// With the licences that users inherit from groups.
    Effective,
    /// Direct allocations only, by the portal.
    DirectByPortal,
    /// Direct allocations only, by the licence service.
    DirectByLease,
}

impl Listing {
    pub const ALL: [Self; 3] = [Self::Effective, Self::DirectByPortal, Self::DirectByLease];

    /// Asks for the users after the first `skip`.
    pub fn page(self, account: &Account, top: usize, skip: usize) -> Call {
        let portal = |path| account.organization.portal(path);
        let url = match self {
            Self::Effective => portal("identity/User/users/licenses"),
            Self::DirectByPortal => portal("license/accountant/UserLicense/user/page"),
            Self::DirectByLease => account.lease("user-license/user/page"),
        };
        Call::get(page(url, top, skip))
    }
}

/// Asks what these users have, with what they inherit from groups.
pub fn licenses_of(account: &Account, user_ids: &[String]) -> Call {
    let url = account.lease("user-license/license/users");
    Call::with_body(Method::POST, url, &UserIds { user_ids })
}

/// Ends the direct allocations of these users; what groups give them applies again.
pub fn remove_users(account: &Account, user_ids: &[String]) -> Call {
    let url = account
        .organization
        .portal("license/accountant/UserLicense");
    Call::with_body(Method::DELETE, url, &UserIds { user_ids })
}
