//! The flags that choose the service.

use std::str::FromStr;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::api::Variant;
use crate::hint::Failure;
use crate::settings::Target;

const AUTOMATION_URL: &str = "https://cloud.uipath.com";
const PUBLIC_SECTOR_URL: &str = "https://govcloud.uipath.us";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Service")]
pub struct ServiceArgs {
    /// Account ID of the organisation
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

    /// Variant of the call: put-lease with --cloud, post-la without
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
enum Cloud {
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
    fn base_url(&self) -> String {
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

impl ServiceArgs {
    pub fn variant(&self) -> Variant {
        match (self.endpoint, &self.cloud) {
            (Some(EndpointArg::PostLa), _) | (None, None) => Variant::PostLa,
            (Some(EndpointArg::PutLease), _) | (None, Some(_)) => Variant::PutLease,
        }
    }

    /// Where requests go.
    pub fn target(self) -> anyhow::Result<Target> {
        let endpoint = self.variant();
        if self.sandbox && !self.no_sandbox {
            return Ok(Target::Sandbox { endpoint });
        }
        let Some(account) = self.account else {
            bail!(
                Failure::new("--account is missing")
                    .hint("give the account ID of the organisation, or try --sandbox")
            );
        };
        let cloud = self.cloud.unwrap_or(Cloud::Automation);
        Ok(Target::Service {
            base_url: self.base_url.unwrap_or_else(|| cloud.base_url()),
            endpoint,
            organization: self.organization,
            account,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
