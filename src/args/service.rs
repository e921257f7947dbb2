//! The flags that choose the service.

use std::str::FromStr;

use anyhow::bail;
use clap::{Args, ValueEnum};
use reqwest::Url;

use crate::api::{Variant, is_name, is_secure};
use crate::hint::Failure;
use crate::settings::{Ask, ServiceAddress, Target};

const AUTOMATION_URL: &str = "https://cloud.uipath.com";
const PUBLIC_SECTOR_URL: &str = "https://govcloud.uipath.us";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Service")]
pub struct ServiceArgs {
    /// Address of the portal, as the browser shows it
    #[arg(long, value_name = "URL")]
    url: Option<PortalUrl>,

    /// Account ID [default: as the token or portal says]
    #[arg(long, value_name = "ID")]
    account: Option<String>,

    /// Name of the organisation, if its URLs have it
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// automation, public-sector, dedicated=… or suite=…
    #[arg(long, value_name = "CLOUD")]
    cloud: Option<Cloud>,

    /// Use the simulated service; --no-sandbox undoes it
    #[arg(long)]
    sandbox: bool,

    /// Use the service even if a profile, a variable or a flag says sandbox
    #[arg(long, hide = true)]
    no_sandbox: bool,

    /// Address of the service [default: https://cloud.uipath.com]
    #[arg(long, value_name = "URL", hide_short_help = true)]
    base_url: Option<String>,

    /// Variant of the call: put-lease with --url or --cloud, else post-la
    #[arg(long, value_name = "VARIANT", hide_short_help = true)]
    #[arg(value_enum)]
    endpoint: Option<EndpointArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EndpointArg {
    /// POST …/la/api/account/ID/user-license, documented in 2023
    PostLa,
    /// PUT …/lease_/api/account/ID/user-license, documented since 2025
    PutLease,
}

/// A place of the service (API.md, "The call", hosts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cloud {
    Automation,
    PublicSector,
    Dedicated(String),
    Suite(String),
}

impl FromStr for Cloud {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_host = |name: &str| {
            let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            !name.is_empty() && name.bytes().all(is_valid)
        };
        match text.split_once('=') {
            None if text == "automation" => Ok(Self::Automation),
            None if text == "public-sector" => Ok(Self::PublicSector),
            Some(("dedicated", host)) if is_host(host) => Ok(Self::Dedicated(host.to_owned())),
            Some(("suite", domain)) if is_host(domain) => Ok(Self::Suite(domain.to_owned())),
            _ => Err("use automation, public-sector, dedicated=HOST or suite=DOMAIN".to_owned()),
        }
    }
}

impl Cloud {
    pub fn base_url(&self) -> String {
        match self {
            Self::Automation => AUTOMATION_URL.to_owned(),
            Self::PublicSector => PUBLIC_SECTOR_URL.to_owned(),
            // A bare name is the first part of the host.
            Self::Dedicated(host) if host.contains('.') => format!("https://{host}"),
            Self::Dedicated(name) => format!("https://{name}.dedicated.uipath.com"),
            Self::Suite(domain) => format!("https://{domain}"),
        }
    }
}

/// The address of an organisation's portal: anything below the organisation is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PortalUrl {
    base_url: String,
    organization: String,
}

impl FromStr for PortalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "https://cloud.uipath.com/acme";
        let mut url =
            parse_address(text).ok_or_else(|| format!("give an address such as {EXAMPLE}"))?;
        if !is_secure(&url) {
            return Err("use https; plain http is allowed for loopback addresses only".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("remove the user name and the password".to_owned());
        }
        let first = url.path_segments().and_then(|mut segments| segments.next());
        let organization = first.unwrap_or_default().to_owned();
        // The parts of the cloud end in an underscore: `portal_`, `identity_`.
        if organization.is_empty() || organization.ends_with('_') || !is_name(&organization) {
            return Err(format!(
                "the name of the organisation is missing, as in {EXAMPLE}"
            ));
        }
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self {
            base_url: url.to_string().trim_end_matches('/').to_owned(),
            organization,
        })
    }
}

/// Parses an address, with or without the scheme, which browsers hide. `None` if it is not an address.
pub fn parse_address(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("https://{text}"))
    };
    url.ok()
}

impl ServiceArgs {
    pub fn variant(&self) -> Variant {
        match self.endpoint {
            Some(EndpointArg::PostLa) => Variant::PostLa,
            Some(EndpointArg::PutLease) => Variant::PutLease,
            // Today's variant, where the address is today's.
            None if self.url.is_some() || self.cloud.is_some() => Variant::PutLease,
            None => Variant::PostLa,
        }
    }

    /// Whether the service is asked for what no flag gives: it can be where the organisation is known.
    pub fn default_ask(&self) -> Ask {
        let is_sandbox = self.sandbox && !self.no_sandbox;
        if is_sandbox || self.url.is_some() || self.organization.is_some() {
            Ask::IfPossible
        } else {
            Ask::No
        }
    }

    /// Where requests go.
    pub fn target(self) -> anyhow::Result<Target> {
        let endpoint = self.variant();
        if self.sandbox && !self.no_sandbox {
            return Ok(Target::Sandbox { endpoint });
        }
        let (base_url, organization) = match self.url {
            Some(PortalUrl {
                base_url,
                organization,
            }) => {
                let others = [
                    (self.base_url.is_some(), "--base-url"),
                    (self.cloud.is_some(), "--cloud"),
                    (
                        self.organization.is_some_and(|name| name != organization),
                        "--organization",
                    ),
                ];
                if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
                    bail!(
                        Failure::new(format!("--url and {flag} both say where the service is"))
                            .hint("remove one of them")
                    );
                }
                (base_url, Some(organization))
            }
            None => {
                let cloud = self.cloud.unwrap_or(Cloud::Automation);
                let base_url = self.base_url.unwrap_or_else(|| cloud.base_url());
                (base_url, self.organization)
            }
        };
        Ok(Target::Service(ServiceAddress {
            base_url,
            endpoint,
            organization,
            account: self.account,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_portal_is_taken_from_the_browser() {
        let read = |text: &str| text.parse::<PortalUrl>();
        for address in [
            "https://cloud.uipath.com/acme",
            " https://cloud.uipath.com/acme/portal_/admin/users?tab=1#top ",
            "https://cloud.uipath.com/acme/",
            "cloud.uipath.com/acme/portal_/home",
        ] {
            let portal = read(address).unwrap();
            assert_eq!(portal.base_url, "https://cloud.uipath.com");
            assert_eq!(portal.organization, "acme");
        }
        let local = read("http://127.0.0.1:8080/acme/x").unwrap();
        assert_eq!(local.base_url, "http://127.0.0.1:8080");
        for wrong in [
            "acme",
            "cloud.uipath.com",
            "http://cloud.uipath.com/acme",
            "https://ann:secret@cloud.uipath.com/acme",
            "https://cloud.uipath.com",
            "https://cloud.uipath.com/portal_/home",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_cloud_has_its_documented_host() {
        for (cloud, base_url) in [
            ("automation", "https://cloud.uipath.com"),
            ("public-sector", "https://govcloud.uipath.us"),
            ("dedicated=acme", "https://acme.dedicated.uipath.com"),
            (
                "dedicated=acme.dedicated.uipath.com",
                "https://acme.dedicated.uipath.com",
            ),
            ("suite=rpa.acme.example", "https://rpa.acme.example"),
        ] {
            assert_eq!(cloud.parse::<Cloud>().unwrap().base_url(), base_url);
        }
        for wrong in [
            "",
            "azure",
            "dedicated",
            "dedicated=",
            "suite=a/b",
            "suite=https://x",
        ] {
            assert!(wrong.parse::<Cloud>().is_err(), "{wrong}");
        }
    }
}
