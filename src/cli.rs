//! The command line: what can be asked for, and who does it.

use std::ffi::OsString;
use std::io::{Write, stderr};
use std::panic;
use std::path::PathBuf;

use anyhow::bail;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use console::Term;

use crate::args::examples;
use crate::args::import::ImportArgs;
use crate::args::short_help::short_help;
use crate::commands::{check, codes, completions, import, man, plan, resume, sandbox, watch};
use crate::config_file::ConfigFile;
use crate::diagnostic::render;
use crate::exit_code::ExitCode;
use crate::report::{stop_drawing, wrap_to_terminal};
use crate::signals;

/// Loads licence seats from a CSV
///
/// Every user in it comes to hold exactly the bundle codes that the file says.
#[derive(Debug, Parser)]
#[command(name = "seatload", version, long_version = env!("LONG_VERSION"), max_term_width = 100)]
#[command(after_long_help = examples::PROGRAM_EXAMPLES.text())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// The file of settings, in place of seatload.toml
    ///
    /// Without it, seatload.toml here is used, or else seatload/seatload.toml in the user's configuration folder.
    #[arg(
        long,
        value_name = "FILE",
        env = "SEATLOAD_CONFIG",
        global = true,
        hide_env_values = true
    )]
    config: Option<PathBuf>,

    /// Settings of this name in it
    #[arg(
        long,
        value_name = "NAME",
        env = "SEATLOAD_PROFILE",
        global = true,
        hide_env_values = true
    )]
    profile: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(Box<ImportArgs>),
    Plan(Box<plan::PlanCommand>),
    Resume(Box<resume::ResumeArgs>),
    Watch(Box<watch::WatchArgs>),
    Check(Box<check::CheckArgs>),
    Codes(codes::CodesArgs),
    Sandbox(sandbox::SandboxArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Does what the command line asks for. An error is shown here; it always means that nothing was sent.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    install_panic_hook();
    // A failure leaves the system's own behaviour, which is no reason not to run.
    let _ = signals::survive_file_size_limit();
    let arguments: Vec<_> = arguments.into_iter().collect();
    let done = ConfigFile::find(&arguments).and_then(|profile| {
        let command = profile.apply(Cli::command());
        let matches = short_help(command, &arguments).get_matches_from(&arguments);
        reject_proxy_password(&matches)?;
        if let Some(path) = profile.found() {
            // Whoever closed standard error does not want to hear it.
            let _ = writeln!(stderr(), "settings of {}", path.display());
        }
        Cli::from_arg_matches(&matches)
            .unwrap_or_else(|error| error.exit())
            .run(&matches, &profile)
    });
    done.unwrap_or_else(|error| {
        print_error(&error);
        ExitCode::NothingSent
    })
}

impl Cli {
    fn run(self, matches: &ArgMatches, profile: &ConfigFile) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Import(args) => import::import(*args),
            Command::Plan(command) => plan::plan(*command),
            Command::Resume(args) => resume::resume(*args),
            Command::Watch(args) => watch::watch(*args),
            Command::Check(args) => check::check(*args, matches, profile),
            Command::Codes(args) => codes::codes(&args),
            Command::Sandbox(args) => sandbox::serve(args),
            Command::Completions(args) => completions::completions(&args),
            Command::Man(args) => man::man(&args),
        }
    }
}

/// A command line is seen by every process, so a proxy's password may not stand there.
fn reject_proxy_password(matches: &ArgMatches) -> anyhow::Result<()> {
    let Some((_, below)) = matches.subcommand() else {
        return Ok(());
    };
    let Some(proxy) = below.try_get_one::<String>("proxy").ok().flatten() else {
        return Ok(());
    };
    let is_flag = below.value_source("proxy") == Some(ValueSource::CommandLine);
    if is_flag && proxy.contains('@') {
        bail!(
            "--proxy holds a password, and every process can read command lines\n  hint: give it by the variable SEATLOAD_PROXY"
        );
    }
    Ok(())
}

const BUG_HINT: &str = "this is a defect in seatload\n  hint: report it; if a run had begun, nothing that was decided is lost, and `seatload resume` goes on with it";

/// A panic is a defect of this program. No bar may be drawn over what is said of it.
fn install_panic_hook() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |defect| {
        stop_drawing();
        tell(defect);
        let _ = writeln!(stderr(), "{}", wrap_to_terminal(BUG_HINT, &Term::stderr()));
    }));
}

fn print_error(error: &anyhow::Error) {
    let error = format!("error: {}", render(error));
    // Whoever closed standard error does not want to hear it.
    let _ = writeln!(stderr(), "{}", wrap_to_terminal(&error, &Term::stderr()));
}
