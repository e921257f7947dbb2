//! What a run was asked to do, once everything on the command line has been found sound.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::api::{Endpoint, Token, Variant};
use crate::dispatch::Policy;
use crate::input::Input;
use crate::report::ProgressMode;

/// The settings of one import.
#[derive(Debug)]
pub struct ImportSettings {
    /// The file.
    pub input: Input,
    /// Where requests go.
    pub target: Target,
    /// The external flag of a row that does not say.
    pub external_license: bool,
    /// Users in one request, at most.
    pub batch_size: NonZeroUsize,
    /// How long one exchange may take.
    pub timeout: Duration,
    /// How the run goes about it.
    pub policy: Policy,
    /// Where the reports go; a folder named after the input if nothing is said.
    pub report_dir: Option<PathBuf>,
    /// How progress is shown.
    pub progress: ProgressMode,
}

/// Where requests go.
#[derive(Debug)]
pub enum Target {
    /// To the service.
    Service {
        /// The address.
        endpoint: Endpoint,
        /// The token.
        token: Token,
    },
    /// To the built-in stand-in.
    Sandbox {
        /// Which variant of the call is used.
        variant: Variant,
    },
}
