//! The flags of connections.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::api::ProxyUrl;
use crate::hint::Failure;
use crate::settings::NetworkSettings;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Proxy, such as http://proxy:8080 [default: HTTPS_PROXY or ALL_PROXY]
    #[arg(long, value_name = "URL", hide_short_help = true)]
    proxy: Option<String>,

    /// File of root certificates (PEM) to trust beside those of the system
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    ca_cert: Option<PathBuf>,

    /// File with a client certificate and its key (PEM)
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    client_cert: Option<PathBuf>,
}

impl NetworkArgs {
    pub fn into_settings(self) -> anyhow::Result<NetworkSettings> {
        // A value parser of the flag would show the value in its error, and the value may contain a password.
        let proxy = self.proxy.as_deref().map(ProxyUrl::parse).transpose();
        let proxy = proxy.map_err(|reason| {
            Failure::new("invalid proxy in --proxy or SEATLOAD_PROXY").caused_by(anyhow!(reason))
        })?;
        Ok(NetworkSettings {
            proxy,
            ca_cert: self.ca_cert,
            client_cert: self.client_cert,
            had_proxy_password: false,
        })
    }
}
