//! The connection to the service, or to the sandbox, and the first sign-in.

use std::cell::{Cell, OnceCell};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::api::{Client, Network, SignInError, Token, TokenCache, TokenSource, Variant, base_url};
use crate::event::StopReason;
use crate::hint::Failure;
use crate::humanize::duration::duration;
use crate::import::account::{Located, locate};
use crate::import::sandbox_state::SANDBOX_STATE;
use crate::import::{sign_in, token_expiry};
use crate::lookup::{CallLimits, Caller};
use crate::pacing::{Backoff, MAX_RETRY_AFTER};
use crate::report::Progress;
use crate::sandbox::{self, Sandbox, SandboxSettings, StateKeeper};
use crate::settings::{NetworkSettings, RunSettings, ServiceAddress, Target};

/// The time that the sandbox takes for a response, so that progress is visible.
const SANDBOX_LATENCY: Duration = Duration::from_millis(30);

/// A connection to the service. Once signed in, it knows its account.
pub struct Connection {
    pub runtime: Runtime,
    pub client: Client,
    address: ServiceAddress,
    located: OnceCell<Located>,
    has_warned_of_expiry: Cell<bool>,
    call_limits: CallLimits,
    sandbox: Option<SandboxState>,
}

/// The state of a sandbox that runs in this process.
struct SandboxState {
    keeper: StateKeeper,
    /// The file that it started from.
    before: Option<PathBuf>,
}

impl Connection {
    /// Creates the client, and starts the sandbox if that is the target: with the state that an earlier run has left.
    pub fn new(settings: &RunSettings, sandbox_state: Option<&Path>) -> anyhow::Result<Self> {
        // One thread decides and sends: handing requests to others would cost more than the requests themselves.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the runtime")?;
        let timeout = settings.requests.timeout;
        let mut sandbox = None;
        let (address, source, network) = match &settings.target {
            Target::Sandbox { endpoint } => {
                let before = sandbox_state.map(Path::to_owned);
                let (base_url, keeper) = runtime
                    .block_on(start_sandbox(before.clone()))
                    .context("cannot start the sandbox")?;
                sandbox = Some(SandboxState { keeper, before });
                let token = Token::new(SecretString::from("sandbox"), "the sandbox")?;
                let network = Network {
                    timeout,
                    ..Network::default()
                };
                let address = sandbox_address(base_url, *endpoint);
                (address, TokenSource::Static(token), network)
            }
            Target::Service(address) => (
                address.clone(),
                sign_in::source(&settings.sign_in, &address.base_url)?,
                network(&settings.network, timeout)?,
            ),
        };
        let tokens = TokenCache::new(source, &network)?;
        let client = Client::new(base_url(&address.base_url)?, tokens, &network)?;
        Ok(Self {
            runtime,
            client,
            address,
            located: OnceCell::new(),
            has_warned_of_expiry: Cell::new(false),
            call_limits: CallLimits::new(Instant::now()),
            sandbox,
        })
    }

    /// Sends calls beside the allocation, all under the same quotas.
    pub fn caller(&self, max_retries: u32) -> Caller<'_, Client> {
        Caller::new(&self.client, &self.call_limits, max_retries)
    }

    /// A sandbox keeps what it applies in the folder of the run, so that the run can be resumed and undone.
    pub fn keep_sandbox_in(&self, folder: &Path) -> io::Result<()> {
        let Some(SandboxState { keeper, before }) = &self.sandbox else {
            return Ok(());
        };
        let path = folder.join(SANDBOX_STATE);
        match before {
            Some(before) if *before != path => drop(fs::copy(before, &path)?),
            _ => {}
        }
        keeper.keep_in(&path)
    }

    /// Gets the first token and finds the account, so that a wrong secret is an error before anything else is done.
    /// `interrupt` cancels it.
    pub fn sign_in(
        &self,
        max_retries: u32,
        interrupt: &CancellationToken,
        progress: &Progress,
    ) -> anyhow::Result<&Located> {
        let signing_in = async {
            self.sign_in_with_retries(max_retries, progress).await?;
            let expires_at = self.client.tokens().expires_at();
            if let Some(warning) = token_expiry::expired(expires_at, Timestamp::now()) {
                progress.message(&warning);
            }
            self.locate(max_retries).await
        };
        self.runtime.block_on(async {
            tokio::select! {
                signed_in = signing_in => signed_in,
                () = interrupt.cancelled() => Err(sign_in_error(&StopReason::Interrupted)),
            }
        })
    }

    /// Says once if the token will expire before the last request can leave. `sending` is the shortest time that takes.
    pub fn warn_of_expiry(&self, sending: Duration, progress: &Progress) {
        let tokens = self.client.tokens();
        if tokens.source().is_renewable() || self.has_warned_of_expiry.get() {
            return;
        }
        let expires_at = tokens.expires_at();
        if let Some(warning) = token_expiry::expires_during(expires_at, sending, Timestamp::now()) {
            progress.message(&warning);
            self.has_warned_of_expiry.set(true);
        }
    }

    /// Finds the account, after the first sign-in.
    pub async fn locate(&self, max_retries: u32) -> anyhow::Result<&Located> {
        if let Some(located) = self.located.get() {
            return Ok(located);
        }
        // Where the account is given, the portal may only contradict it.
        let retries = match self.address.account {
            Some(_) => 0,
            None => max_retries,
        };
        let said_by_token = self.client.tokens().account();
        let located = locate(&self.caller(retries), said_by_token, &self.address).await?;
        Ok(self.located.get_or_init(|| located))
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

fn sandbox_address(base_url: String, endpoint: Variant) -> ServiceAddress {
    ServiceAddress {
        base_url,
        endpoint,
        organization: Some(sandbox::ACCOUNT.to_owned()),
        account: Some(sandbox::ACCOUNT.to_owned()),
    }
}

async fn start_sandbox(state: Option<PathBuf>) -> anyhow::Result<(String, StateKeeper)> {
    let sandbox_settings = SandboxSettings {
        allocation_latency: SANDBOX_LATENCY,
        has_licensed_people: true,
        state,
        appends: false,
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::bind(&sandbox_settings, 0).await?;
    let base = format!("http://{}", sandbox.address()?);
    let keeper = sandbox.keeper();
    // The sandbox ends with the process.
    tokio::spawn(sandbox.serve(CancellationToken::new()));
    Ok((base, keeper))
}
