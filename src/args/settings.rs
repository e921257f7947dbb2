//! The flags that import, plan, watch and check have in common, and the settings that they make.

use std::path::PathBuf;

use clap::Args;

use crate::args::plan::PlanArgs;
use crate::args::requests::default_requests;
use crate::args::run::RunArgs;
use crate::args::service::ServiceArgs;
use crate::args::sign_in::SignInArgs;
use crate::input::Input;
use crate::settings::{
    Ask, Consent, ImportPlan, ImportSettings, Interactivity, PreviewSettings, ResumeInput,
    RunSettings,
};

#[derive(Debug, Clone, Args)]
pub struct SettingsArgs {
    /// Send without asking for confirmation
    #[arg(long, short)]
    yes: bool,

    /// Send nothing if any row is bad
    #[arg(long)]
    strict: bool,

    /// Report folder [default: seatload-INPUT-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    report_dir: Option<PathBuf>,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    sign_in: SignInArgs,

    #[command(flatten)]
    plan: PlanArgs,

    /// Without a terminal, allow users to lose licences
    #[arg(long, help_heading = "Current licences")]
    allow_losses: bool,

    #[command(flatten)]
    run: RunArgs,
}

impl SettingsArgs {
    pub fn init_logging(&self) -> anyhow::Result<()> {
        self.run.log.init()
    }

    /// The settings of an import.
    pub fn into_import_settings(self, input: Input) -> anyhow::Result<ImportSettings> {
        let variant = self.service.variant();
        let ask = self.service.default_ask();
        let target = self.service.target()?;
        let plan = self.plan.into_plan(input, ask)?;
        let sign_in = self.sign_in.into_settings();
        let defaults = default_requests(variant, requires_order(&plan));
        Ok(ImportSettings {
            run: self.run.into_settings(target, sign_in, &defaults)?,
            plan,
            is_strict: self.strict,
            consent: Consent {
                everything: self.yes,
                losses: self.allow_losses,
            },
            interactivity: Interactivity::AtTerminal,
            resume_input: ResumeInput::InPlace,
            report_dir: self.report_dir,
        })
    }

    /// The settings of a dry run, which needs neither an account nor a token, unless the service is to be asked.
    pub fn into_preview_settings(self, input: Input) -> anyhow::Result<PreviewSettings> {
        let ask = self.service.default_ask();
        let plan = self.plan.into_plan(input, ask)?;
        let defaults = default_requests(self.service.variant(), requires_order(&plan));
        let service = if ask == Ask::No {
            None
        } else {
            let sign_in = self.sign_in.into_settings();
            let target = self.service.target()?;
            Some(self.run.clone().into_settings(target, sign_in, &defaults)?)
        };
        Ok(PreviewSettings {
            requests: self.run.requests.settings(&defaults)?,
            first: self.run.requests.first,
            progress: self.run.progress(),
            service,
            plan,
        })
    }

    /// The settings of a connection.
    pub fn into_run_settings(self) -> anyhow::Result<RunSettings> {
        let defaults = default_requests(self.service.variant(), false);
        let target = self.service.target()?;
        let sign_in = self.sign_in.into_settings();
        self.run.into_settings(target, sign_in, &defaults)
    }
}

/// Whether it matters which users are sent first.
fn requires_order(plan: &ImportPlan) -> bool {
    plan.until_full || plan.input_settings.format.priority_column.is_some()
}
