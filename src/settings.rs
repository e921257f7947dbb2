//! What a run was asked to do, once everything on the command line has been found sound.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::api::{Endpoint, EndpointError, ProxyUrl, TokenCommand, Variant};
use crate::input::{Format, Input};
use crate::plan::{AbsentUsers, Mode, SeatBudget};
use crate::rate::Rate;

/// The settings of one import.
#[derive(Debug)]
pub struct ImportSettings {
    pub intent: ImportPlan,
    /// Send nothing if there is a bad row.
    pub is_strict: bool,
    /// What the admin has agreed to beforehand.
    pub consent: Consent,
    /// Who is asked for what the admin has not agreed to.
    pub asking: Interactivity,
    /// Where the input is to be found when the run goes on.
    pub later: ResumeInput,
    /// Where the reports go; a folder named after the input if nothing is said.
    pub report_dir: Option<PathBuf>,
    /// The rest, which resuming needs as well.
    pub run: RunSettings,
}

/// What is to be sent: all that a plan depends on, but for the time that it takes.
#[derive(Debug)]
pub struct ImportPlan {
    pub input: Input,
    pub reading: InputSettings,
    /// How many seats there are, if that is known.
    pub seats: Option<SeatBudget>,
    pub batch_size: NonZeroUsize,
}

/// The settings of a dry run: nothing is sent.
#[derive(Debug)]
pub struct PreviewSettings {
    pub plan: ImportPlan,
    /// How requests would be sent.
    pub requests: RequestSettings,
    /// How many users would be sent in the first session.
    pub first: Option<NonZeroUsize>,
    pub progress: ProgressMode,
}

/// How the input is read: all that decides who is to hold what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputSettings {
    pub format: Format,
    /// The external flag of a row that does not say.
    pub external_license: bool,
    /// Codes that are taken though the catalog lacks them.
    pub allowed_codes: Vec<String>,
    /// The file that says who has which e-mail address.
    pub directory: Option<PathBuf>,
    /// The file that says who holds what now.
    pub current: Option<CurrentFile>,
    /// What becomes of what a user holds and the input does not name.
    pub mode: Mode,
}

/// The file that says who holds what now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentFile {
    pub path: PathBuf,
    /// What it means that it does not name somebody.
    pub absent: AbsentUsers,
}

/// What the admin has agreed to beforehand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    pub to_all: bool,
    pub to_losses: bool,
}

/// Who is asked for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interactivity {
    /// Whoever sits at the terminal, if there is one.
    AtTerminal,
    Nobody,
}

/// Where the input is to be found when a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeInput {
    InPlace,
    /// Beside the run folder, wherever both are moved together.
    BesideRun,
}

/// The settings of a run, whether it begins or goes on.
#[derive(Debug)]
pub struct RunSettings {
    pub target: Target,
    /// How to sign in; the stand-in needs none of it.
    pub sign_in: SignInSettings,
    pub network: NetworkSettings,
    pub requests: RequestSettings,
    pub first: Option<NonZeroUsize>,
    pub progress: ProgressMode,
    /// When records are forced onto the disk.
    pub sync: SyncMode,
}

/// How to sign in, without any secret: those are in variables and files, or are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignInSettings {
    /// `--token-file`.
    pub token_file: Option<PathBuf>,
    /// `--token-command`. It is not written down: its author may have put a secret into it.
    #[serde(skip)]
    pub token_command: Option<TokenCommand>,
    /// `--client-id`.
    pub client_id: Option<String>,
    /// `--client-secret-file`.
    pub client_secret_file: Option<PathBuf>,
    /// `--scope`.
    pub scope: Option<String>,
    /// `--token-url`.
    pub token_url: Option<String>,
    /// `--tenancy`.
    pub tenancy: Option<String>,
    /// `--username`.
    pub username: Option<String>,
    /// `--password-file`.
    pub password_file: Option<PathBuf>,
}

/// How connections are made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkSettings {
    /// `--proxy`; one with a password is not written down.
    #[serde(serialize_with = "without_password")]
    pub proxy: Option<ProxyUrl>,
    /// Such a one was given when the run began.
    pub had_proxy_password: bool,
    /// `--ca-cert`.
    pub ca_cert: Option<PathBuf>,
    /// `--client-cert`.
    pub client_cert: Option<PathBuf>,
}

fn without_password<S: Serializer>(
    proxy: &Option<ProxyUrl>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let proxy = proxy.as_ref().filter(|proxy| !proxy.has_password());
    proxy.map(ToString::to_string).serialize(serializer)
}

impl NetworkSettings {
    /// As it is written down.
    pub fn recorded(&self) -> Self {
        let has_password = self.proxy.as_ref().is_some_and(ProxyUrl::has_password);
        Self {
            had_proxy_password: has_password || self.had_proxy_password,
            ..self.clone()
        }
    }

    /// What is not told is as `before`.
    pub fn with_fallback(self, before: &Self) -> Self {
        Self {
            had_proxy_password: self.proxy.is_none() && before.had_proxy_password,
            proxy: self.proxy.or_else(|| before.proxy.clone()),
            ca_cert: self.ca_cert.or_else(|| before.ca_cert.clone()),
            client_cert: self.client_cert.or_else(|| before.client_cert.clone()),
        }
    }

    /// Every file that is named.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [&mut self.ca_cert, &mut self.client_cert];
        files.into_iter().flatten()
    }
}

impl SignInSettings {
    /// Every file that is named.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [
            &mut self.token_file,
            &mut self.client_secret_file,
            &mut self.password_file,
        ];
        files.into_iter().flatten()
    }
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Target {
    #[serde(rename_all = "camelCase")]
    Service {
        base_url: String,
        /// Which variant of the call is used.
        endpoint: Variant,
        /// The organisation's name, if the path begins with it.
        organization: Option<String>,
        account: String,
    },
    Sandbox {
        /// Which variant of the call is used.
        endpoint: Variant,
    },
}

impl Target {
    /// The address, for the service: the stand-in has one only once it runs.
    ///
    /// # Errors
    /// When there can be no such address.
    pub fn address(&self) -> Result<Option<Endpoint>, EndpointError> {
        match self {
            Self::Service {
                base_url,
                endpoint,
                organization,
                account,
            } => Endpoint::new(base_url, *endpoint, organization.as_deref(), account).map(Some),
            Self::Sandbox { .. } => Ok(None),
        }
    }
}

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestSettings {
    pub rate: Rate,
    /// How many requests may leave at once after a pause.
    pub burst: NonZeroU32,
    /// The most requests under way at once.
    pub concurrency: NonZeroUsize,
    /// How often a batch is sent again after passing trouble.
    pub max_retries: u32,
    pub timeout: Duration,
    pub keep_trying: bool,
    /// Whoever wants a code waits for those who want it and come first.
    pub in_order: bool,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// Bars in a terminal, and lines elsewhere.
    Auto,
    /// A line at most every ten seconds.
    Plain,
    /// A line of JSON for each event.
    Events,
    None,
}

/// When records are forced onto the disk. The operating system has each at once, so only a power cut can take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// Within a second, and at the end.
    EverySecond,
    /// With each answer, before it is counted.
    Always,
}
