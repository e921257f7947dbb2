//! The addresses of an organisation's calls beside the allocation (API.md, "What the service can answer").

use reqwest::Url;

use super::endpoint::{EndpointError, base_url, check_name};

/// An organisation of the service. Its name or ID is part of every address: newer ones answer 400 without.
#[derive(Debug, Clone)]
pub struct Organization {
    base: Url,
}

/// An organisation's account.
#[derive(Debug, Clone)]
pub struct Account {
    pub organization: Organization,
    pub id: String,
}

impl Organization {
    /// The organisation below a base URL.
    ///
    /// # Errors
    /// When the base is no https URL (http is allowed for loopback addresses), or the name is invalid.
    pub fn new(base: &str, name: &str) -> Result<Self, EndpointError> {
        check_name("organization", name)?;
        let mut base = base_url(base)?;
        extend(&mut base, name);
        Ok(Self { base })
    }

    /// The portal's address below `portal_/api/`.
    pub fn portal(&self, path: &str) -> Url {
        self.below("portal_/api/", path)
    }

    /// The Identity Server's address below `identity_/api/`.
    pub fn identity(&self, path: &str) -> Url {
        self.below("identity_/api/", path)
    }

    fn below(&self, service: &str, path: &str) -> Url {
        let mut url = self.base.clone();
        extend(&mut url, service);
        extend(&mut url, path);
        url
    }
}

impl Account {
    /// The address of the directory's call `name` for the account.
    pub fn identity(&self, name: &str) -> Url {
        let mut url = self.organization.identity(name);
        extend(&mut url, &self.id);
        url
    }

    /// An address below the licence service's account.
    pub fn lease(&self, path: &str) -> Url {
        self.below("lease_", path)
    }

    /// An address below the account of the service that summarises licences.
    pub fn license(&self, path: &str) -> Url {
        self.below("license_", path)
    }

    fn below(&self, service: &str, path: &str) -> Url {
        let mut url = self.organization.below(service, "api/account");
        extend(&mut url, &self.id);
        extend(&mut url, path);
        url
    }
}

fn extend(url: &mut Url, path: &str) {
    let mut segments = url.path_segments_mut().expect("a base URL has a path");
    segments.pop_if_empty();
    segments.extend(path.split('/').filter(|segment| !segment.is_empty()));
}

/// Adds the position of a page.
pub fn page(mut url: Url, top: usize, skip: usize) -> Url {
    url.query_pairs_mut()
        .append_pair("top", &top.to_string())
        .append_pair("skip", &skip.to_string());
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_has_the_organisation_and_the_account() {
        let organization = Organization::new("https://cloud.uipath.com/", "acme").unwrap();
        let account = Account {
            organization,
            id: "8f3c".to_owned(),
        };
        let address = |url: Url| url.to_string();
        assert_eq!(
            address(account.identity("Directory/BulkResolveByName")),
            "https://cloud.uipath.com/acme/identity_/api/Directory/BulkResolveByName/8f3c"
        );
        assert_eq!(
            address(account.lease("user-license/license/users")),
            "https://cloud.uipath.com/acme/lease_/api/account/8f3c/user-license/license/users"
        );
        assert_eq!(
            address(page(
                account.organization.portal("identity/User/users/licenses"),
                50,
                100
            )),
            "https://cloud.uipath.com/acme/portal_/api/identity/User/users/licenses?top=50&skip=100"
        );
        assert!(Organization::new("https://x.example", "a/b").is_err());
    }
}
