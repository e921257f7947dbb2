//! Where requests go: the address of each documented variant of the call (API.md, "The call").

use std::net::IpAddr;

use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};

use crate::hint::Hint;

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
    /// The variant's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PostLa => "post-la",
            Self::PutLease => "put-lease",
        }
    }

    /// The variant to try when this one is not found.
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

/// Why an address cannot be built.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    #[error("`{0}` is not a base URL")]
    NotAUrl(String),
    #[error("the base URL `{0}` is not https, so the token would be sent unencrypted")]
    NotEncrypted(String),
    #[error("the base URL must not contain a user name, a password, a `?` or a `#`")]
    UnexpectedUrlPart,
    #[error("the {0} is empty, or contains a `/` or a blank")]
    InvalidPathSegment(&'static str),
}

impl Hint for EndpointError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAUrl(_) => "give a URL such as --base-url https://cloud.uipath.com",
            Self::NotEncrypted(_) => "use https; plain http is allowed for loopback addresses only",
            Self::UnexpectedUrlPart => {
                "give the host alone, such as --base-url https://cloud.uipath.com"
            }
            Self::InvalidPathSegment("account") => {
                "give the account ID as the portal shows it: --account ID"
            }
            Self::InvalidPathSegment(_) => {
                "give the name as it is in the portal's address: --organization NAME"
            }
        };
        Some(hint.to_owned())
    }
}

impl Endpoint {
    /// The address for an account, below `base`.
    ///
    /// # Errors
    /// When `base` is not an https URL (http is allowed for loopback addresses), or a name is invalid.
    pub fn new(
        base: &str,
        variant: Variant,
        organization: Option<&str>,
        account: &str,
    ) -> Result<Self, EndpointError> {
        let mut url = base_url(base)?;
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

    /// What to try when the first response says that nothing is at this address.
    pub fn address_hint(&self) -> String {
        let address = if self.has_organization {
            "check --url, or --base-url and --organization, and --account"
        } else {
            "check --base-url and --account, or give the portal's address with --url"
        };
        format!(
            "{address}; try --endpoint {} (request: {} {})",
            self.variant.other().name(),
            self.method(),
            self.url,
        )
    }
}

/// Parses a base URL to which a token may be sent.
///
/// # Errors
/// When it is not an https URL (http is allowed for loopback addresses), or has more than a host and a path.
pub fn base_url(base: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(base)
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
    Ok(url)
}

/// Whether a secret may be sent there, because no one on the way can read it.
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

/// An address as an error shows it: hidden where it may contain a password.
fn shown(base: &str) -> String {
    match base.contains('@') {
        true => "(hidden)".to_owned(),
        false => base.to_owned(),
    }
}

pub fn check_name(what: &'static str, name: &str) -> Result<(), EndpointError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(EndpointError::InvalidPathSegment(what))
    }
}

/// Whether a text can be one part of a path.
pub fn is_name(name: &str) -> bool {
    let is_dots = name.chars().all(|character| character == '.');
    !is_dots && !name.contains(['/', '\\']) && !name.contains(char::is_whitespace)
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
