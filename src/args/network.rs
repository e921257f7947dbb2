//! The arguments that say how connections are made.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use crate::api::ProxyUrl;
use crate::humanize::duration;
use crate::settings::NetworkSettings;

pub const NETWORK: &str = "Network";

#[derive(Debug, Clone, Args)]
pub struct NetworkArgs {
    /// The proxy, such as http://proxy:8080 or socks5h://proxy:1080 [default: what HTTPS_PROXY or ALL_PROXY name]; one
    /// with a password is given by the variable
    #[arg(long, value_name = "URL", env = "SEATLOAD_PROXY", help_heading = NETWORK, hide_env_values = true)]
    proxy: Option<String>,

    /// A file of root certificates (PEM) to trust beside the system's, such as a company's own
    #[arg(long, value_name = "FILE", env = "SEATLOAD_CA_CERT", help_heading = NETWORK, hide_env_values = true)]
    ca_cert: Option<PathBuf>,

    /// A file that holds a client certificate and its key (PEM)
    #[arg(long, value_name = "FILE", env = "SEATLOAD_CLIENT_CERT", help_heading = NETWORK, hide_env_values = true)]
    client_cert: Option<PathBuf>,

    /// How long a connection may take to stand [default: 10s]
    #[arg(long, value_name = "TIME", env = "SEATLOAD_CONNECT_TIMEOUT", help_heading = NETWORK, hide_env_values = true)]
    #[arg(value_parser = duration::parse)]
    connect_timeout: Option<Duration>,
}

impl NetworkArgs {
    pub fn into_settings(self) -> anyhow::Result<NetworkSettings> {
        // Not by a parser of the flag's: that would show the value, and it may hold a password.
        let proxy = self.proxy.as_deref().map(ProxyUrl::parse).transpose();
        Ok(NetworkSettings {
            proxy: proxy.map_err(|error| anyhow!("--proxy: {error}"))?,
            ca_cert: self.ca_cert,
            client_cert: self.client_cert,
            connect_timeout: self.connect_timeout,
            had_proxy_password: false,
        })
    }
}
