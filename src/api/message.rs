//! The bodies of the licence API's requests and answers (API.md, "The call").

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::UserIds;

/// What is asked: every user in it shall hold every code in it, and no other.
///
/// Three keys, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllocationRequest {
    /// The users.
    pub user_ids: UserIds,
    /// The codes that each of them shall hold.
    pub user_bundle_codes: Vec<String>,
    /// Whether the licences come from an external provider.
    pub use_external_license: bool,
}

/// What the service says that one user holds. A 200 carries an array of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation<'a> {
    /// The user.
    pub user_id: Cow<'a, str>,
    /// The organisation.
    pub organization_id: Option<Cow<'a, str>>,
    /// Whether the licences come from an external provider.
    pub use_external_license: Option<bool>,
    /// The codes that the user holds.
    pub user_bundle_codes: Vec<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_spelt_and_ordered_as_documented() {
        let request = AllocationRequest {
            user_ids: UserIds::from_iter(["singer-77", "singer-88", "singer-111"]),
            user_bundle_codes: ["RPADEVNU", "ATTUNU", "TSTNU"].map(Into::into).into(),
            use_external_license: true,
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"userIds":["singer-77","singer-88","singer-111"],"userBundleCodes":["RPADEVNU","ATTUNU","TSTNU"],"useExternalLicense":true}"#
        );
    }
}
