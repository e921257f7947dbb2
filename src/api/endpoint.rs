//! Where requests go: the address of each documented variant of the call (API.md, "The call").

use std::net::IpAddr;

use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};

/// The documented variants of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// `POST …/la/api/account/{accountId}/user-license`, documented in 2023.
    PostLa,
    /// `PUT …/lease_/api/account/{accountId}/user-license`, documented since 2025.
    PutLease,
}

impl Variant {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PostLa => "post-la",
            Self::PutLease => "put-lease",
        }
    }

    /// The one to try when this one is not found.
    pub fn other(self) -> Self {
        match self {
            Self::PostLa => Self::PutLease,
            Self::PutLease => Self::PostLa,
        }
    }

    fn method(self) -> Method {
        match self {
            Self::PostLa => Method::POST,
            Self::PutLease => Method::PUT,
        }
    }

    fn service(self) -> &'static str {
        match self {
            Self::PostLa => "la",
            Self::PutLease => "lease_",
        }
    }
}

/// The address of the call.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Which variant of the call this is.
    pub variant: Variant,
    url: Url,
    has_organization: bool,
}

/// Why there is no such address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// The base URL cannot be read.
    #[error("the base URL `{0}` is no URL such as https://cloud.uipath.com")]
    NotAUrl(String),
    /// The token would travel in the open.
    #[error(
        "the base URL `{0}` is not https, so the token would travel in the open\n  hint: use https (plain http is taken for loopback addresses only)"
    )]
    NotEncrypted(String),
    /// The base URL has parts that make no sense here.
    #[error("the base URL may not hold a user name, a password, a `?` or a `#`")]
    UnexpectedUrlPart,
    /// A name in the path is empty or no name.
    #[error("the {0} is empty, or holds a `/` or a blank")]
    InvalidPathSegment(&'static str),
}

impl Endpoint {
    /// The address for an account, below `base`.
    ///
    /// # Errors
    /// When `base` is no https URL (http is taken for loopback addresses), or a name is none.
    pub fn new(
        base: &str,
        variant: Variant,
        organization: Option<&str>,
        account: &str,
    ) -> Result<Self, EndpointError> {
        let mut url = Url::parse(base)
            .ok()
            .filter(Url::has_host)
            .ok_or_else(|| EndpointError::NotAUrl(shown(base)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UnexpectedUrlPart);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::UnexpectedUrlPart);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(EndpointError::NotEncrypted(shown(base))),
            _ => return Err(EndpointError::NotAUrl(shown(base))),
        }
        check_name("organization", organization.unwrap_or("none"))?;
        check_name("account", account)?;
        url.path_segments_mut()
            .map_err(|()| EndpointError::NotAUrl(shown(base)))?
            .pop_if_empty()
            .extend(organization)
            .extend([variant.service(), "api", "account", account, "user-license"]);
        Ok(Self {
            variant,
            url,
            has_organization: organization.is_some(),
        })
    }

    /// The request's method.
    pub fn method(&self) -> Method {
        self.variant.method()
    }

    /// The request's address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host that requests go to.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// What to try when the very first answer says that there is nothing here.
    pub fn address_hint(&self) -> String {
        let organization = if self.has_organization {
            "check --organization, or leave it out"
        } else {
            "add --organization NAME"
        };
        format!(
            "check --account and --base-url; try --endpoint {}; {organization} (asked: {} {})",
            self.variant.other().name(),
            self.method(),
            self.url,
        )
    }
}

/// Whether a secret may be sent there: nobody on the way can read it.
pub fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}

pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// An address as an error shows it: one that may hold a password is not.
fn shown(base: &str) -> String {
    match base.contains('@') {
        true => "(hidden)".to_owned(),
        false => base.to_owned(),
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), EndpointError> {
    let is_dots = name.chars().all(|character| character == '.');
    if is_dots || name.contains(['/', '\\']) || name.contains(char::is_whitespace) {
        return Err(EndpointError::InvalidPathSegment(what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(base: &str, variant: Variant, organization: Option<&str>) -> String {
        let endpoint = Endpoint::new(base, variant, organization, "acc-1").unwrap();
        format!("{} {}", endpoint.method(), endpoint.url())
    }

    #[test]
    fn each_variant_has_its_documented_method_and_path() {
        let cloud = "https://cloud.uipath.com";
        assert_eq!(
            address(cloud, Variant::PostLa, None),
            "POST https://cloud.uipath.com/la/api/account/acc-1/user-license"
        );
        assert_eq!(
            address(cloud, Variant::PutLease, None),
            "PUT https://cloud.uipath.com/lease_/api/account/acc-1/user-license"
        );
        assert_eq!(
            address("https://cloud.uipath.com/", Variant::PutLease, Some("acme")),
            "PUT https://cloud.uipath.com/acme/lease_/api/account/acc-1/user-license"
        );
    }

    #[test]
    fn plain_http_is_taken_for_loopback_addresses_only() {
        for base in [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:2",
        ] {
            assert!(
                Endpoint::new(base, Variant::PostLa, None, "a").is_ok(),
                "{base}"
            );
        }
        for base in [
            "http://cloud.uipath.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
        ] {
            assert!(
                matches!(
                    Endpoint::new(base, Variant::PostLa, None, "a"),
                    Err(EndpointError::NotEncrypted(_))
                ),
                "{base}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for base in [
            "",
            "cloud.uipath.com",
            "ftp://cloud.uipath.com",
            "https://me:secret@host",
            "https://host?x=1",
        ] {
            assert!(
                Endpoint::new(base, Variant::PostLa, None, "a").is_err(),
                "{base}"
            );
        }
        for account in ["", "..", "a/b", "a b"] {
            assert!(
                Endpoint::new("https://host", Variant::PostLa, None, account).is_err(),
                "{account}"
            );
        }
    }
}
