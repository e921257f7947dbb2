//! The command line: the commands, and how one of them runs.

use std::ffi::OsString;
use std::io::{Write, stderr};
use std::panic;
use std::path::PathBuf;

use anyhow::bail;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use console::Term;

use crate::args::invalid_value::InvalidValue;
use crate::args::tips::add_tip;
use crate::args::{env, examples, help};
use crate::commands::check::settings::SettingSources;
use crate::commands::{
    check, codes, completions, export, import, man, plan, resume, sandbox, verify, watch,
};
use crate::config_file::ConfigFile;
use crate::diagnostic::render;
use crate::exit_code::ExitCode;
use crate::hint::Failure;
use crate::report::{stop_drawing, wrap_to_terminal};
use crate::signals;

/// Import licences in bulk
///
/// seatload gives every user in a CSV or an Excel workbook the bundle codes that the file names.
#[derive(Debug, Parser)]
#[command(name = "seatload", version, long_version = env!("LONG_VERSION"), max_term_width = 100)]
#[command(after_long_help = examples::PROGRAM_EXAMPLES.text())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Configuration file [default: seatload.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Profile of the configuration file
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(Box<import::ImportArgs>),
    Plan(Box<plan::PlanCommand>),
    Verify(Box<verify::VerifyArgs>),
    Export(Box<export::ExportArgs>),
    Resume(Box<resume::ResumeArgs>),
    Watch(Box<watch::WatchArgs>),
    Check(Box<check::CheckArgs>),
    Codes(codes::CodesArgs),
    Sandbox(sandbox::SandboxArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs a command line. An error is printed here; it always means that nothing was sent.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    install_panic_hook();
    // A failure leaves the system's own behaviour, which is no reason not to run.
    let _ = signals::survive_file_size_limit();
    let arguments: Vec<_> = arguments.into_iter().collect();
    try_run(&arguments).unwrap_or_else(|error| {
        print_error(&error);
        ExitCode::NothingSent
    })
}

/// The program's command, with the variables of all flags.
pub fn command() -> clap::Command {
    env::with_variables(Cli::command())
}

/// Parses flags alone, then with variables, then with the configuration file: so an error in one of them names its
/// place.
fn try_run(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let is_short = arguments.iter().any(|argument| argument == "-h");
    let flags = help::lay_out(Cli::command(), is_short).try_get_matches_from(arguments);
    let flags = flags.unwrap_or_else(|error| add_tip(error, arguments).exit());
    let cli = command();
    let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    env::check_spelling(&cli, variables)?;
    let matches = cli.clone().try_get_matches_from(arguments);
    let matches = matches.map_err(|error| variable_error(error, &flags))?;
    let config = ConfigFile::find(&cli, &matches)?;
    let matches = config.apply(cli.clone()).try_get_matches_from(arguments);
    let matches = matches.map_err(|error| config.error(error))?;
    reject_proxy_password(&matches)?;
    if let Some(path) = config.found() {
        // A closed standard error is ignored.
        let _ = writeln!(stderr(), "settings from {}", path.display());
    }
    let parsed = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match parsed.command {
        Command::Import(args) => import::import(*args),
        Command::Plan(args) => plan::plan(*args),
        Command::Verify(args) => verify::verify(*args),
        Command::Export(args) => export::export(*args),
        Command::Resume(args) => match resume::unstarted(&args)? {
            Some(import) => try_run(&import),
            None => resume::resume(*args),
        },
        Command::Watch(args) => watch::watch(*args),
        Command::Check(args) => check::check(
            *args,
            &SettingSources {
                cli: &cli,
                matches: &matches,
                config: &config,
            },
        ),
        Command::Codes(args) => codes::codes(&args),
        Command::Sandbox(args) => sandbox::serve(args),
        Command::Completions(args) => completions::completions(&args, &cli),
        Command::Man(args) => man::man(&args, cli),
    }
}

/// An error of clap's that the flags alone do not cause.
fn variable_error(error: clap::Error, flags: &ArgMatches) -> anyhow::Error {
    let Some(invalid) = InvalidValue::find(&error) else {
        error.exit()
    };
    let command = flags.subcommand_name().unwrap_or_default();
    let variable = env::variable(command, &invalid.flag);
    invalid.at(&variable).into()
}

/// Every process can read command lines, and a configuration file is not for secrets.
fn reject_proxy_password(matches: &ArgMatches) -> anyhow::Result<()> {
    let Some((_, matches)) = matches.subcommand() else {
        return Ok(());
    };
    let Some(proxy) = matches.try_get_one::<String>("proxy").ok().flatten() else {
        return Ok(());
    };
    let is_variable = matches.value_source("proxy") == Some(ValueSource::EnvVariable);
    if !is_variable && proxy.contains('@') {
        bail!(
            Failure::new(
                "the proxy's password does not belong on a command line or in a configuration file"
            )
            .hint("set the proxy in the variable SEATLOAD_PROXY")
        );
    }
    Ok(())
}

const BUG_HINT: &str = "\
this is a bug in seatload
  hint: report it; outcomes are on disk, and `seatload resume` resumes a started run";

/// No progress bar may overwrite the message of a panic.
fn install_panic_hook() {
    let print_panic = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        stop_drawing();
        print_panic(panic);
        let _ = writeln!(stderr(), "{}", wrap_to_terminal(BUG_HINT, &Term::stderr()));
    }));
}

fn print_error(error: &anyhow::Error) {
    let error = format!("error: {}", render(error));
    // A closed standard error is ignored.
    let _ = writeln!(stderr(), "{}", wrap_to_terminal(&error, &Term::stderr()));
}

/// Errors of command lines, as users see them.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use crate::diagnostic::Sample;

    let lines = [
        "import sample-data/singers.csv",
        "import sample-data/singers.csv --account 8f3c --proxy ftp://proxy",
        "import sample-data/singers.csv --proxy http://me:secret@proxy:8080",
        "import sample-data/singers.csv --account 8f3c --token-file token --client-id app",
        "import sample-data/singers.csv --account 8f3c --client-id app",
        "import sample-data/singers.csv --account 8f3c --username me",
        "import sample-data/onboarding.csv --sandbox --seats ATTUNU=1",
        "plan tests/files/all-emails.csv",
        "plan sample-data/onboarding.csv --current tests/files/codes-unknown.csv",
        "plan sample-data/singers.csv --mode add",
        "plan sample-data/singers.csv --absent-means-none",
        "plan sample-data/singers.csv --current -",
        "plan sample-data/singers.csv --until-full",
        "plan sample-data/singers.csv --seats IDU=1 --seats-file seats.csv",
        "plan sample-data/singers.csv --seats NOPE=1",
        "plan sample-data/singers.csv --seats-file none.csv",
        "plan sample-data/singers.csv --rate 5/s --burst 9",
        "plan sample-data/singers.csv --log-file none/log",
        "watch drop --sandbox --report-dir reports",
        "resume none",
    ];
    let errors = lines.iter().map(|line| {
        let line = format!("seatload {line} --config /dev/null");
        let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
        Sample::error(try_run(&arguments).expect_err("a bad command line"))
    });
    let invalid = |line: &str| Cli::try_parse_from(line.split(' ')).expect_err("a bad value");
    let flags = Cli::command().get_matches_from(["seatload", "plan", "users.csv"]);
    let variables = [
        "seatload plan users.csv --rate fast",
        "seatload plan users.csv --mode remove",
    ];
    let variables = variables.map(|line| Sample::error(variable_error(invalid(line), &flags)));
    errors.chain(variables).collect()
}
