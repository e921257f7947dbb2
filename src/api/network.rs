//! How connections are made: proxies, certificates, time limits.

use std::time::Duration;

use reqwest::{Certificate, Identity, NoProxy, Url};
use secrecy::{ExposeSecret, SecretSlice};

use super::endpoint::is_loopback;
use crate::hint::Hint;

/// How long it may take to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often an idle connection sends a keep-alive, so that no router on the way drops it.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How connections are made.
#[derive(Debug, Default)]
pub struct Network {
    /// The time limit of one exchange, the response's body included.
    pub timeout: Duration,
    /// The proxy for everything but the hosts of `NO_PROXY`; without one, the proxy of the environment.
    pub proxy: Option<ProxyUrl>,
    /// Root certificates that are trusted in addition to the system's, as PEM.
    pub root_certificates: Option<Vec<u8>>,
    /// A client certificate and its key, as PEM.
    pub identity: Option<SecretSlice<u8>>,
}

/// A proxy's address. It may contain a password, so only its host is shown.
#[derive(Clone, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct ProxyUrl(Url);

impl TryFrom<String> for ProxyUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl ProxyUrl {
    /// Reads an address such as `http://proxy:8080` or `socks5h://proxy:1080`.
    ///
    /// # Errors
    /// When it is not an address of a proxy. The error does not repeat it, since it may contain a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
        Url::parse(text)
            .ok()
            .filter(|url| url.has_host() && schemes.contains(&url.scheme()))
            .map(Self)
            .ok_or_else(|| {
                "not a proxy address such as http://proxy.example.com:8080, https://… or socks5h://…"
                    .to_owned()
            })
    }

    /// Whether the address contains a user name or a password.
    pub fn has_password(&self) -> bool {
        self.0.password().is_some() || !self.0.username().is_empty()
    }
}

impl std::fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.0.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.0.scheme())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

/// Why connections cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error("cannot set up TLS")]
    Tls(#[source] reqwest::Error),
    #[error("the file of --ca-cert contains no certificate in PEM format")]
    RootCertificates,
    #[error(
        "the file of --client-cert must contain a certificate and its private key in PEM format"
    )]
    Identity,
    #[error("the proxy {0} cannot be used")]
    Proxy(String),
}

impl Hint for NetworkError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Tls(_) => {
                "check the system's root certificates, or give yours with --ca-cert FILE"
            }
            Self::RootCertificates => "export the certificate as PEM (Base-64 encoded X.509)",
            Self::Identity => "put the certificate and its unencrypted key into one PEM file",
            Self::Proxy(_) => "give an address such as --proxy http://proxy.example.com:8080",
        };
        Some(hint.to_owned())
    }
}

impl Network {
    /// A client for addresses such as `url`.
    pub fn client(&self, url: &Url) -> Result<reqwest::Client, NetworkError> {
        // Fails only where a provider is installed already, which will do as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("seatload/", env!("CARGO_PKG_VERSION")))
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            // A secret goes to the given address and to no other.
            .redirect(reqwest::redirect::Policy::none())
            // A request that the client repeats by itself would be missing in the quota's count.
            .retry(reqwest::retry::never())
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .tcp_nodelay(true);
        match &self.proxy {
            // Plain http is for loopback addresses only, and a proxy could read the token in it.
            _ if url.scheme() == "http" => http = http.no_proxy(),
            Some(proxy) => {
                let proxy = reqwest::Proxy::all(proxy.0.clone())
                    .map_err(|_| NetworkError::Proxy(proxy.to_string()))?;
                http = http.proxy(proxy.no_proxy(NoProxy::from_env()));
            }
            None if is_loopback(url) => http = http.no_proxy(),
            None => {}
        }
        if let Some(pem) = &self.root_certificates {
            let certificates = Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or(NetworkError::RootCertificates)?;
            http = http.tls_certs_merge(certificates);
        }
        if let Some(pem) = &self.identity {
            let identity = Identity::from_pem(pem.expose_secret());
            http = http.identity(identity.map_err(|_| NetworkError::Identity)?);
        }
        http.build().map_err(NetworkError::Tls)
    }
}
