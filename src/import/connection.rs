//! The connection to the service, or to the sandbox, and the first sign-in.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::api::{Client, Endpoint, Network, SignInError, Token, TokenCache, TokenSource, Variant};
use crate::event::StopReason;
use crate::hint::Failure;
use crate::humanize::duration::duration;
use crate::import::sign_in;
use crate::pacing::{Backoff, MAX_RETRY_AFTER};
use crate::report::Progress;
use crate::sandbox::{self, Sandbox, SandboxSettings};
use crate::settings::{NetworkSettings, RunSettings, Target};

/// The time that the sandbox takes for a response, so that progress is visible.
const SANDBOX_LATENCY: Duration = Duration::from_millis(40);

/// A connection, with all that sending needs.
pub struct Connection {
    pub runtime: Runtime,
    pub client: Client,
    pub endpoint: Endpoint,
}

impl Connection {
    /// Creates the client, and starts the sandbox if that is the target.
    pub fn new(settings: &RunSettings) -> anyhow::Result<Self> {
        // One thread decides and sends: handing requests to others would cost more than the requests themselves.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the runtime")?;
        let timeout = settings.requests.timeout;
        let (endpoint, source, network) = match &settings.target {
            Target::Sandbox { endpoint } => {
                let (endpoint, token) = runtime
                    .block_on(start_sandbox(*endpoint))
                    .context("cannot start the sandbox")?;
                let network = Network {
                    timeout,
                    ..Network::default()
                };
                (endpoint, TokenSource::Static(token), network)
            }
            Target::Service { base_url, .. } => (
                settings.target.address()?.context("there is no address")?,
                sign_in::source(&settings.sign_in, base_url)?,
                network(&settings.network, timeout)?,
            ),
        };
        let tokens = TokenCache::new(source, &network)?;
        let client = Client::new(endpoint.clone(), tokens, &network)?;
        Ok(Self {
            runtime,
            client,
            endpoint,
        })
    }

    /// Gets the first token, so that a wrong secret is an error before anything else is done. `interrupt` cancels it.
    pub fn sign_in(
        &self,
        max_retries: u32,
        interrupt: &CancellationToken,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let signing_in = self.sign_in_with_retries(max_retries, progress);
        self.runtime.block_on(async {
            tokio::select! {
                signed_in = signing_in => signed_in,
                () = interrupt.cancelled() => Err(sign_in_error(&StopReason::Interrupted)),
            }
        })
    }

    async fn sign_in_with_retries(
        &self,
        max_retries: u32,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let tokens = self.client.tokens();
        let mut delays = Backoff::new(max_retries, fastrand::Rng::new());
        loop {
            let (reason, retry_after) = match tokens.sign_in().await {
                Ok(()) => return Ok(()),
                Err(SignInError::Rejected(message)) => {
                    return Err(sign_in_error(&StopReason::SignInRefused { message }));
                }
                Err(SignInError::Transient { reason, wait }) => (reason, wait.unwrap_or_default()),
            };
            let reason = format!("cannot sign in: {reason}");
            // A file or a command that fails now will hardly work in a moment.
            let delay = delays.next().filter(|_| !tokens.source().is_local());
            let Some(delay) = delay.filter(|_| retry_after <= MAX_RETRY_AFTER) else {
                return Err(sign_in_error(&StopReason::NotSignedIn { reason }));
            };
            let delay = delay.max(retry_after);
            progress.info(&format!("{reason}; retrying in {}", duration(delay)));
            sleep(delay).await;
        }
    }
}

fn sign_in_error(stop: &StopReason) -> anyhow::Error {
    Failure::new(stop.message()).hint(stop.hint()).into()
}

/// Reads the files that the settings name.
pub fn network(settings: &NetworkSettings, timeout: Duration) -> anyhow::Result<Network> {
    let read = |path: &Option<PathBuf>| {
        let read = path
            .as_ref()
            .map(|path| fs::read(path).with_context(|| format!("cannot read {}", path.display())));
        read.transpose()
    };
    if let Some(path) = &settings.client_cert {
        sign_in::warn_if_others_can_read(path);
    }
    Ok(Network {
        timeout,
        proxy: settings.proxy.clone(),
        root_certificates: read(&settings.ca_cert)?,
        identity: read(&settings.client_cert)?.map(Into::into),
    })
}

async fn start_sandbox(variant: Variant) -> anyhow::Result<(Endpoint, Token)> {
    let sandbox_settings = SandboxSettings {
        latency: SANDBOX_LATENCY,
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::bind(&sandbox_settings, 0).await?;
    let base = format!("http://{}", sandbox.address()?);
    // The sandbox ends with the process.
    tokio::spawn(sandbox.serve(CancellationToken::new()));
    let endpoint = Endpoint::new(&base, variant, None, sandbox::ACCOUNT)?;
    let token = Token::new(SecretString::from("sandbox"), "the sandbox")?;
    Ok((endpoint, token))
}
