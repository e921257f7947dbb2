//! How connections are made: proxies, certificates, times.

use std::time::Duration;

use reqwest::{Certificate, Identity, Url};
use secrecy::{ExposeSecret, SecretSlice};

use super::endpoint::is_loopback;

/// How long a connection may take to stand, unless it is said.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// How often a connection that is in use shows that it is alive, so that nobody on the way forgets it.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How connections are made.
#[derive(Debug, Default)]
pub struct Network {
    /// How long one exchange may take, the answer's body included.
    pub timeout: Duration,
    /// How long a connection may take to stand; 10 s if nothing is said.
    pub connect_timeout: Option<Duration>,
    /// The proxy for everything; if none is named, the one that the environment names.
    pub proxy: Option<ProxyUrl>,
    /// Root certificates that are trusted beside the system's, as PEM.
    pub root_certificates: Option<Vec<u8>>,
    /// A client certificate and its key, as PEM.
    pub identity: Option<SecretSlice<u8>>,
}

/// A proxy's address. It may hold a password, so it shows only its host.
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
    /// When it is none. The error does not hold the address, since that may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
        Url::parse(text)
            .ok()
            .filter(|url| url.has_host() && schemes.contains(&url.scheme()))
            .map(Self)
            .ok_or_else(|| {
                "this is no proxy such as http://proxy.example.com:8080, https://… or socks5h://…"
                    .to_owned()
            })
    }

    /// Whether it holds a password, or who asks.
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

/// Why no connection can be made.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] reqwest::Error),
    /// The root certificates are none.
    #[error("the file of --ca-cert holds no certificate in PEM form")]
    RootCertificates,
    /// The client certificate is none.
    #[error("the file of --client-cert does not hold a certificate and its key in PEM form")]
    Identity,
    /// The proxy cannot be used.
    #[error("the proxy {0} cannot be used")]
    Proxy(String),
}

impl Network {
    /// A client for addresses such as `url`.
    pub fn client(&self, url: &Url) -> Result<reqwest::Client, NetworkError> {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let connect_timeout = self.connect_timeout.unwrap_or(LONGEST_CONNECT);
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("seatload/", env!("CARGO_PKG_VERSION")))
            .timeout(self.timeout)
            .connect_timeout(connect_timeout.min(self.timeout))
            // A secret goes to the address that was given and to no other.
            .redirect(reqwest::redirect::Policy::none())
            // A request sent twice unseen would be missing in the quota's count.
            .retry(reqwest::retry::never())
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .tcp_nodelay(true);
        match &self.proxy {
            Some(proxy) => {
                let through = reqwest::Proxy::all(proxy.0.clone())
                    .map_err(|_| NetworkError::Proxy(proxy.to_string()))?;
                http = http.proxy(through);
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
