//! A way to the service: signed in, or to the stand-in.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::sign_in;
use crate::api::{Client, Endpoint, Network, SignInError, Source, Token, Tokens, Variant};
use crate::dispatch;
use crate::duration::human;
use crate::event::Stop;
use crate::report::Progress;
use crate::sandbox::{self, Sandbox, SandboxSettings};
use crate::settings::{NetworkSettings, RunSettings, Target};

/// What the built-in stand-in takes for an answer, so that there is something to see.
const SANDBOX_LATENCY: Duration = Duration::from_millis(40);

/// A way to the service.
pub(super) struct Connection {
    pub(super) runtime: Runtime,
    pub(super) client: Client,
    pub(super) endpoint: Endpoint,
}

impl Connection {
    /// Makes the client, and starts the stand-in if that is the target.
    pub(super) fn new(settings: &RunSettings) -> anyhow::Result<Self> {
        let runtime = Runtime::new().context("cannot start the runtime")?;
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
                (endpoint, Source::Given(token), network)
            }
            Target::Service { base_url, .. } => (
                settings.target.address()?.context("there is no address")?,
                sign_in::source(&settings.sign_in, base_url)?,
                network(&settings.network, timeout)?,
            ),
        };
        let tokens = Tokens::new(source, &network)?;
        let client = Client::new(endpoint.clone(), tokens, &network)?;
        Ok(Self {
            runtime,
            client,
            endpoint,
        })
    }

    /// Gets the first token, so that a wrong secret is known before anything else is done.
    pub(super) fn sign_in(&self, max_retries: u32, progress: &Progress) -> anyhow::Result<()> {
        let mut waits = dispatch::waits(max_retries);
        loop {
            let trouble = match self.runtime.block_on(self.client.tokens().sign_in()) {
                Ok(()) => return Ok(()),
                Err(SignInError::Refused(message)) => {
                    let refused = Stop::SignInRefused { message };
                    bail!("{}\n  to do: {}", refused.what(), refused.advice());
                }
                Err(trouble @ SignInError::Trouble(_)) => trouble.to_string(),
            };
            let Some(wait) = waits.next() else {
                let reason = trouble;
                let stop = Stop::NotSignedIn { reason };
                bail!("{}\n  to do: {}", stop.what(), stop.advice());
            };
            progress.tell(&format!("{trouble}; trying again in {}", human(wait)));
            self.runtime.block_on(sleep(wait));
        }
    }
}

/// Reads the files that say how connections are made.
pub(super) fn network(settings: &NetworkSettings, timeout: Duration) -> anyhow::Result<Network> {
    let read = |path: &Option<PathBuf>| {
        let read = path
            .as_ref()
            .map(|path| fs::read(path).with_context(|| format!("cannot read {}", path.display())));
        read.transpose()
    };
    Ok(Network {
        timeout,
        connect_timeout: settings.connect_timeout,
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
