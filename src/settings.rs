//! The settings of an import, validated: everything that the command line, variables and configuration file say.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::api::{Endpoint, EndpointError, ProxyUrl, TokenCommand, Variant};
use crate::input::{Format, Input};
use crate::plan::{AbsentUsers, Mode, SeatBudget};
use crate::rate::Rate;

/// The settings of one import.
#[derive(Debug)]
pub struct ImportSettings {
    pub plan: ImportPlan,
    /// Send nothing if there is a bad row.
    pub is_strict: bool,
    pub consent: Consent,
    pub interactivity: Interactivity,
    pub resume_input: ResumeInput,
    /// Where the reports go; without it, a folder named after the input.
    pub report_dir: Option<PathBuf>,
    /// The settings that a resumed run needs as well.
    pub run: RunSettings,
}

/// Everything that a plan depends on, except for the time that it takes.
#[derive(Debug, Clone)]
pub struct ImportPlan {
    pub input: Input,
    pub input_settings: InputSettings,
    pub seats: Option<SeatBudget>,
    /// Send users while there are seats (`--until-full`).
    pub until_full: bool,
    pub questions: Questions,
    pub batch_size: NonZeroUsize,
}

/// What the service is asked before anything is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Questions {
    /// Which users the e-mail addresses of the input belong to.
    pub addresses: Ask,
    /// Which licences the users have.
    pub current: Ask,
    /// How many seats are free.
    pub seats: Ask,
}

/// Whether the service is asked for something that it may know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ask {
    #[default]
    No,
    /// Without an answer, the import continues.
    IfPossible,
    /// Without an answer, nothing is sent.
    Must,
}

impl Questions {
    pub fn all(self) -> [Ask; 3] {
        [self.addresses, self.current, self.seats]
    }
}

/// The settings of a dry run: nothing is sent.
#[derive(Debug)]
pub struct PreviewSettings {
    pub plan: ImportPlan,
    /// The service to ask, if the plan has questions for it.
    pub service: Option<RunSettings>,
    pub requests: RequestSettings,
    /// How many users the first session would send.
    pub first: Option<NonZeroUsize>,
    pub progress: ProgressMode,
}

/// How the input is read: everything that decides which licences a user gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputSettings {
    pub format: Format,
    /// The external flag of a row without one.
    pub external_license: bool,
    /// Codes that are accepted although the catalog lacks them.
    pub allowed_codes: Vec<String>,
    /// The file of e-mail addresses and user IDs.
    pub directory: Option<PathBuf>,
    pub current: Option<CurrentFile>,
    pub mode: Mode,
    /// Rows may take everything from their users.
    #[serde(default)]
    pub allow_removal: bool,
}

impl InputSettings {
    /// The files that are read with the input.
    pub fn side_tables_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let current = self.current.as_mut().map(|current| &mut current.path);
        self.directory.iter_mut().chain(current)
    }
}

/// The file of current licences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentFile {
    pub path: PathBuf,
    /// What it means that a user is not in the file.
    pub absent: AbsentUsers,
    /// This is the service's answer, which a run keeps in its folder.
    #[serde(default)]
    pub is_answer: bool,
}

/// The name of the service's answer in the folder of a run.
pub const CURRENT: &str = "current.csv";

impl CurrentFile {
    /// A file that the command line names.
    pub fn given(path: PathBuf, absent: AbsentUsers) -> Self {
        Self {
            path,
            absent,
            is_answer: false,
        }
    }

    /// The service's answer, kept in the folder of a run.
    pub fn answer(folder: &Path) -> Self {
        Self {
            path: folder.join(CURRENT),
            absent: AbsentUsers::HaveNone,
            is_answer: true,
        }
    }
}

/// What the user has agreed to in advance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    pub everything: bool,
    pub losses: bool,
}

/// Whether a user can be asked for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interactivity {
    /// At the terminal, if there is one.
    AtTerminal,
    Nobody,
}

/// Where a resumed run finds its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeInput {
    InPlace,
    /// Beside the run folder, wherever both are moved together.
    BesideRun,
}

/// The settings of a run, started or resumed.
#[derive(Debug)]
pub struct RunSettings {
    pub target: Target,
    /// The sandbox needs none of it.
    pub sign_in: SignInSettings,
    pub network: NetworkSettings,
    pub requests: RequestSettings,
    pub first: Option<NonZeroUsize>,
    pub progress: ProgressMode,
    pub sync: SyncMode,
}

/// How to sign in. Secrets are not part of it: they are in variables and files, or typed at a prompt.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignInSettings {
    pub token_file: Option<PathBuf>,
    /// Not recorded: its author may have put a secret into it.
    #[serde(skip)]
    pub token_command: Option<TokenCommand>,
    pub client_id: Option<String>,
    pub client_secret_file: Option<PathBuf>,
    pub scope: Option<String>,
    pub token_url: Option<String>,
    pub tenancy: Option<String>,
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
}

/// How connections are made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkSettings {
    /// A proxy with a password is not recorded.
    #[serde(serialize_with = "without_password")]
    pub proxy: Option<ProxyUrl>,
    /// The run started with a proxy with a password.
    pub had_proxy_password: bool,
    pub ca_cert: Option<PathBuf>,
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
    /// As a run records it.
    pub fn recorded(&self) -> Self {
        let has_password = self.proxy.as_ref().is_some_and(ProxyUrl::has_password);
        Self {
            had_proxy_password: has_password || self.had_proxy_password,
            ..self.clone()
        }
    }

    /// Takes what is not given from `before`.
    pub fn with_fallback(self, before: &Self) -> Self {
        Self {
            had_proxy_password: self.proxy.is_none() && before.had_proxy_password,
            proxy: self.proxy.or_else(|| before.proxy.clone()),
            ca_cert: self.ca_cert.or_else(|| before.ca_cert.clone()),
            client_cert: self.client_cert.or_else(|| before.client_cert.clone()),
        }
    }

    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [&mut self.ca_cert, &mut self.client_cert];
        files.into_iter().flatten()
    }
}

impl SignInSettings {
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
    Service(ServiceAddress),
    Sandbox { endpoint: Variant },
}

/// Which account of which service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAddress {
    pub base_url: String,
    pub endpoint: Variant,
    /// Part of the path, for an organisation whose URLs have its name.
    pub organization: Option<String>,
    /// None if the token or the portal says it; a run records it.
    pub account: Option<String>,
}

impl Target {
    /// The same target, with its account.
    pub fn with_account(&self, id: &str) -> Self {
        match self {
            Self::Service(address) => Self::Service(ServiceAddress {
                account: Some(id.to_owned()),
                ..address.clone()
            }),
            Self::Sandbox { .. } => self.clone(),
        }
    }
}

impl ServiceAddress {
    /// Checks the address.
    ///
    /// # Errors
    /// When no token may be sent there, or a name in it is invalid.
    pub fn check(&self) -> Result<(), EndpointError> {
        let account = self.account.as_deref().unwrap_or("ID");
        let organization = self.organization.as_deref();
        Endpoint::new(&self.base_url, self.endpoint, organization, account).map(|_| ())
    }
}

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestSettings {
    pub rate: Rate,
    /// Requests that may leave at once after a pause.
    pub burst: NonZeroU32,
    /// Maximum requests in progress.
    pub concurrency: NonZeroUsize,
    /// Retries of a batch after transient failures.
    pub max_retries: u32,
    pub timeout: Duration,
    pub keep_trying: bool,
    /// Requests with a common code are sent one after the other.
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

/// When records are forced onto the disk. The operating system has each at once, so only a power cut can lose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// Within a second, and at the end.
    EverySecond,
    /// With each response, before it is counted.
    Always,
}

/// How the summary of a run is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryFormat {
    Table,
    Json,
}
