//! The flags of commands that read what the service knows, and change nothing.

use clap::{Arg, Args};

use crate::args::requests::default_requests;
use crate::args::run::RunArgs;
use crate::args::service::ServiceArgs;
use crate::args::sign_in::SignInArgs;
use crate::hint::Failure;
use crate::settings::{Ask, RunSettings};

#[derive(Debug, Clone, Args)]
pub struct ReadingArgs {
    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    sign_in: SignInArgs,

    #[command(flatten)]
    run: RunArgs,
}

impl ReadingArgs {
    pub fn init_logging(&self) -> anyhow::Result<()> {
        self.run.log.init()
    }

    /// The settings of a connection. The organisation must be known.
    pub fn into_settings(self) -> anyhow::Result<RunSettings> {
        if self.service.default_ask() == Ask::No {
            return Err(
                Failure::new("the service can be asked only if the organisation is known")
                    .hint("give the portal's address: --url https://cloud.uipath.com/NAME")
                    .into(),
            );
        }
        let defaults = default_requests(self.service.variant(), false);
        let sign_in = self.sign_in.into_settings();
        let target = self.service.target()?;
        self.run.into_settings(target, sign_in, &defaults)
    }
}

/// Hides the flags of sending, which mean nothing to a command that only reads.
pub fn hide_sending(arg: Arg) -> Arg {
    const SENDING: [&str; 8] = [
        "first",
        "rate",
        "burst",
        "concurrency",
        "keep_trying",
        "in_order",
        "sync",
        "endpoint",
    ];
    let is_sending = SENDING.contains(&arg.get_id().as_str());
    if is_sending { arg.hide(true) } else { arg }
}
