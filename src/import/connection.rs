//! A way to the service: signed in, or to the stand-in.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::api::{Client, Endpoint, Network, SignInError, Token, TokenCache, TokenSource, Variant};
use crate::dispatch;
use crate::event::StopReason;
use crate::humanize::duration::duration;
use crate::import::sign_in;
use crate::report::Progress;
use crate::sandbox::{self, Sandbox, SandboxSettings};
use crate::settings::{NetworkSettings, RunSettings, Target};

/// What the built-in stand-in takes for an answer, so that there is something to see.
const SANDBOX_LATENCY: Duration = Duration::from_millis(40);

/// The longest that whoever gives tokens may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// A way to the service.
pub struct Connection {
    pub runtime: Runtime,
    pub client: Client,
    pub endpoint: Endpoint,
}

impl Connection {
    /// Makes the client, and starts the stand-in if that is the target.
    pub fn new(settings: &RunSettings) -> anyhow::Result<Self> {
        // One thread both decides and sends: to hand each request to another would cost more than all that is done for it.
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

    /// Gets the first token, so that a wrong secret is known before anything else is done. Cancelling `interrupt` ends it.
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
        let mut waits = dispatch::retry_delays(max_retries);
        loop {
            let (trouble, told) = match tokens.sign_in().await {
                Ok(()) => return Ok(()),
                Err(SignInError::Rejected(message)) => {
                    return Err(sign_in_error(&StopReason::SignInRefused { message }));
                }
                Err(SignInError::Transient { reason, wait }) => (reason, wait.unwrap_or_default()),
            };
            let reason = format!("cannot sign in: {trouble}");
            // A file or a command that does not work now hardly does in a moment.
            let next = waits.next().filter(|_| !tokens.source().is_local());
            let Some(wait) = next.filter(|_| told <= LONGEST_WAIT) else {
                return Err(sign_in_error(&StopReason::NotSignedIn { reason }));
            };
            let wait = wait.max(told);
            progress.info(&format!("{reason}; trying again in {}", duration(wait)));
            sleep(wait).await;
        }
    }
}

fn sign_in_error(stop: &StopReason) -> anyhow::Error {
    anyhow!("{}\n  hint: {}", stop.message(), stop.hint())
}

/// Reads the files that say how connections are made.
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
    let stand_in = SandboxSettings {
        latency: SANDBOX_LATENCY,
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::bind(&stand_in, 0).await?;
    let base = format!("http://{}", sandbox.address()?);
    // It ends with the process.
    tokio::spawn(sandbox.serve(CancellationToken::new()));
    let endpoint = Endpoint::new(&base, variant, None, sandbox::ACCOUNT)?;
    let token = Token::new(SecretString::from("sandbox"), "the sandbox")?;
    Ok((endpoint, token))
}
