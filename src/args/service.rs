//! The arguments that say which service is asked.

use std::str::FromStr;

use anyhow::bail;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use crate::api::Variant;
use crate::settings::Target;

pub const SERVICE: &str = "Service";

/// The service's address, unless it is said.
const AUTOMATION_URL: &str = "https://cloud.uipath.com";
const PUBLIC_SECTOR_URL: &str = "https://govcloud.uipath.us";

#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// The account (organisation) ID in the address
    #[arg(long, value_name = "ID", env = "SEATLOAD_ACCOUNT", help_heading = SERVICE, hide_env_values = true)]
    account: Option<String>,

    /// Which cloud of the vendor's, such as automation
    ///
    /// One of automation, public-sector, dedicated=HOST and suite=DOMAIN. Sets the base URL, the token URL and --endpoint
    /// put-lease, unless these are given.
    #[arg(long, value_name = "CLOUD", env = "SEATLOAD_CLOUD", help_heading = SERVICE, hide_env_values = true)]
    cloud: Option<Cloud>,

    /// The service's address [default: https://cloud.uipath.com]
    #[arg(long, value_name = "URL", env = "SEATLOAD_BASE_URL", help_heading = SERVICE, hide_env_values = true)]
    base_url: Option<String>,

    /// Which call: post-la (the default) or put-lease
    ///
    /// Both are documented. With --cloud, put-lease is the default.
    #[arg(long, value_name = "VARIANT", env = "SEATLOAD_ENDPOINT", help_heading = SERVICE, hide_env_values = true)]
    #[arg(value_enum)]
    endpoint: Option<EndpointArg>,

    /// The organisation's name, if the address has it
    ///
    /// The path of the address begins with it then.
    #[arg(long, value_name = "NAME", env = "SEATLOAD_ORGANIZATION", help_heading = SERVICE, hide_env_values = true)]
    organization: Option<String>,

    /// Use the built-in stand-in for the service
    ///
    /// It has 50 seats of each code, and nothing leaves the machine.
    #[arg(long, env = "SEATLOAD_SANDBOX", help_heading = SERVICE, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    sandbox: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EndpointArg {
    /// POST …/la/api/account/ID/user-license, documented in 2023
    PostLa,
    /// PUT …/lease_/api/account/ID/user-license, documented since 2025
    PutLease,
}

/// Where the service is (API.md, "The call", hosts).
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
            let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            !name.is_empty() && name.bytes().all(is_sound)
        };
        match text.split_once('=') {
            None if text == "automation" => Ok(Self::Automation),
            None if text == "public-sector" => Ok(Self::PublicSector),
            Some(("dedicated", host)) if is_host(host) => Ok(Self::Dedicated(host.to_owned())),
            Some(("suite", domain)) if is_host(domain) => Ok(Self::Suite(domain.to_owned())),
            _ => Err(
                "give one of automation, public-sector, dedicated=HOST, suite=DOMAIN".to_owned(),
            ),
        }
    }
}

impl Cloud {
    fn base_url(&self) -> String {
        match self {
            Self::Automation => AUTOMATION_URL.to_owned(),
            Self::PublicSector => PUBLIC_SECTOR_URL.to_owned(),
            // Its name alone, or the host whole.
            Self::Dedicated(host) if host.contains('.') => format!("https://{host}"),
            Self::Dedicated(name) => format!("https://{name}.dedicated.uipath.com"),
            Self::Suite(domain) => format!("https://{domain}"),
        }
    }
}

impl ServiceArgs {
    /// Which variant of the call is used.
    pub fn variant(&self) -> Variant {
        match (self.endpoint, &self.cloud) {
            (Some(EndpointArg::PostLa), _) | (None, None) => Variant::PostLa,
            (Some(EndpointArg::PutLease), _) | (None, Some(_)) => Variant::PutLease,
        }
    }

    /// Where requests go.
    pub fn target(self) -> anyhow::Result<Target> {
        let endpoint = self.variant();
        if self.sandbox {
            return Ok(Target::Sandbox { endpoint });
        }
        let Some(account) = self.account else {
            bail!(
                "there is no account\n  hint: give the account ID of the organisation by --account, or try the import out with --sandbox"
            );
        };
        let of_cloud = || self.cloud.as_ref().map(Cloud::base_url);
        let base_url = self.base_url.clone().or_else(of_cloud);
        Ok(Target::Service {
            base_url: base_url.unwrap_or_else(|| AUTOMATION_URL.to_owned()),
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
