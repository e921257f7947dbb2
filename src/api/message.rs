//! The bodies of the licence API's requests and responses (API.md, "The call").

use serde::{Deserialize, Serialize};

/// Every user in it gets every code in it, and loses every other code.
///
/// Three keys, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllocationRequest {
    pub user_ids: Vec<String>,
    pub user_bundle_codes: Vec<String>,
    /// Whether the licences come from an external provider.
    pub use_external_license: bool,
}

/// What one user has, as the service reports it. A 200 carries an array of these.
///
/// A field that is missing or null says nothing, and confirms nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    pub user_id: String,
    pub organization_id: Option<String>,
    pub use_external_license: Option<bool>,
    pub user_bundle_codes: Option<Vec<String>>,
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A request for IDU, not from an external provider.
    pub fn request_for(users: &[&str]) -> AllocationRequest {
        AllocationRequest {
            user_ids: users.iter().map(ToString::to_string).collect(),
            user_bundle_codes: vec!["IDU".into()],
            use_external_license: false,
        }
    }

    #[test]
    fn a_request_is_serialized_as_documented() {
        let request = AllocationRequest {
            user_ids: ["singer-77", "singer-88", "singer-111"]
                .map(Into::into)
                .into(),
            user_bundle_codes: ["RPADEVNU", "ATTUNU", "TSTNU"].map(Into::into).into(),
            use_external_license: true,
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"userIds":["singer-77","singer-88","singer-111"],"userBundleCodes":["RPADEVNU","ATTUNU","TSTNU"],"useExternalLicense":true}"#
        );
    }
}
