//! `seatload check`: whether an import could be sent, without sending one.

mod settings;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, ArgMatches, Args};
use console::Term;
use serde::Serialize;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::api::{AllocationRequest, ResponseKind, SentAt, Service, SignInError};
use crate::args::examples::{Example, HelpExamples};
use crate::args::import::SettingsArgs;
use crate::config_file::ConfigFile;
use crate::diagnostic::Diagnostic;
use crate::event::StopReason;
use crate::exit_code::ExitCode;
use crate::import::connection::Connection;
use crate::import::sign_in::others_can_read;
use crate::report::wrap_with_indent;
use crate::sanitize::printable;
use crate::settings::RunSettings;
use crate::stdout::print;
use settings::EffectiveSetting;

/// Try the settings out, without allocating anything
///
/// Shows every setting and where it comes from, then tries one thing after the other, from files and network to sign-in and
/// address: a line each, with what to do where something is wrong. The last is a request for nobody and no code, which the
/// service has to refuse.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES.text(), args_override_self = true)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// As JSON: an object with `settings` and `checks`
    #[arg(
        long,
        env = "SEATLOAD_JSON",
        help_heading = "Output",
        hide_env_values = true
    )]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    json: bool,
}

pub const EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "With a token",
            lines: &[
                "export SEATLOAD_TOKEN=…",
                "seatload check --cloud automation --account 8f3c… --organization acme",
            ],
        },
        Example {
            title: "With the settings of a profile, for a program to read",
            lines: &["seatload check --profile prod --json"],
        },
    ],
    exit_codes: &[
        (ExitCode::AllSucceeded, "everything is ok, warnings aside"),
        (ExitCode::NothingSent, "something is wrong"),
    ],
};

/// How long a name may take to be found.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    name: &'static str,
    state: CheckState,
    detail: String,
    /// What to do.
    #[serde(rename = "advice")]
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum CheckState {
    Ok,
    Warning,
    Failed,
    Skipped,
}

#[derive(Serialize)]
struct CheckReport<'a> {
    settings: &'a [EffectiveSetting],
    checks: &'a [Check],
}

/// Shows the settings and tries them out.
pub fn check(
    args: CheckArgs,
    matches: &ArgMatches,
    profile: &ConfigFile,
) -> anyhow::Result<ExitCode> {
    let is_json = args.json;
    let sound = args.settings.into_run_settings();
    let settings = settings::effective_settings(matches, profile, sound.as_ref().ok());
    if !is_json {
        print(|out| settings::write(out, &settings))?;
    }
    let mut checks = Vec::new();
    let mut tell = |check: Check| -> io::Result<()> {
        if !is_json {
            print(|out| write_check(out, &check))?;
        }
        checks.push(check);
        Ok(())
    };
    match sound {
        Ok(settings) => run_checks(&settings, &mut tell)?,
        Err(error) => tell(Check::from_error("settings", &error))?,
    }
    if is_json {
        let shown = CheckReport {
            settings: &settings,
            checks: &checks,
        };
        print(|out| {
            serde_json::to_writer_pretty(&mut *out, &shown)?;
            out.write_all(b"\n")
        })?;
    }
    let is_wrong = checks.iter().any(|check| check.state == CheckState::Failed);
    Ok(match is_wrong {
        true => ExitCode::NothingSent,
        false => ExitCode::AllSucceeded,
    })
}

/// One thing after the other, up to the first that makes the next ones pointless.
fn run_checks(
    settings: &RunSettings,
    tell: &mut impl FnMut(Check) -> io::Result<()>,
) -> anyhow::Result<()> {
    for check in check_files(settings) {
        tell(check)?;
    }
    let connection = match Connection::new(settings) {
        Ok(connection) => connection,
        Err(error) => return Ok(tell(Check::from_error("settings", &error))?),
    };
    tell(Check::ok("settings", connection.endpoint.url().to_string()))?;
    let runtime = &connection.runtime;
    let found = match proxy_name(settings) {
        Some(proxy) => Check::skipped("DNS", &format!("{proxy} may look names up")),
        None => runtime.block_on(check_dns(&connection)),
    };
    let is_found = found.state != CheckState::Failed;
    tell(found)?;
    if !is_found {
        return Ok(());
    }
    let reached = runtime.block_on(check_connection(&connection));
    let is_reached = reached.state != CheckState::Failed;
    tell(reached)?;
    if !is_reached {
        return Ok(());
    }
    let signed_in = runtime.block_on(check_sign_in(&connection));
    let is_signed_in = signed_in.state != CheckState::Failed;
    tell(signed_in)?;
    if is_signed_in {
        tell(runtime.block_on(check_endpoint(&connection)))?;
    }
    Ok(())
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    fn skipped(name: &'static str, why: &str) -> Self {
        Self {
            state: CheckState::Skipped,
            ..Self::ok(name, why)
        }
    }

    fn failed(name: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            state: CheckState::Failed,
            hint: Some(advice.into()),
            ..Self::ok(name, detail)
        }
    }

    fn from_error(name: &'static str, error: &anyhow::Error) -> Self {
        let Diagnostic { causes, hint } = Diagnostic::new(error);
        Self {
            state: CheckState::Failed,
            hint,
            ..Self::ok(name, causes.join(": "))
        }
    }
}

/// Files that hold secrets.
fn check_files(settings: &RunSettings) -> Vec<Check> {
    let (mut sign_in, mut network) = (settings.sign_in.clone(), settings.network.clone());
    let check = |path: &Path| {
        let shown = path.display();
        match std::fs::metadata(path) {
            Err(error) => Check::failed(
                "file",
                format!("{shown}: {error}"),
                "check its name, and that you may read it",
            ),
            Ok(_) if others_can_read(path) => Check {
                state: CheckState::Warning,
                ..Check::failed(
                    "file",
                    format!("{shown}: other users of this machine can read it"),
                    format!("chmod 600 {shown}, if it holds a secret"),
                )
            },
            Ok(_) => Check::ok("file", shown.to_string()),
        }
    };
    let secrets = sign_in.paths_mut().map(|path| check(path));
    let mut checks: Vec<_> = secrets.collect();
    // A root certificate is no secret, a client's key is.
    network.ca_cert = None;
    checks.extend(network.paths_mut().map(|path| check(path)));
    checks
}

/// What names a proxy, if anything does.
fn proxy_name(settings: &RunSettings) -> Option<&'static str> {
    if settings.network.proxy.is_some() {
        return Some("the proxy of --proxy");
    }
    let variables = [
        ("HTTPS_PROXY", "the proxy of HTTPS_PROXY"),
        ("https_proxy", "the proxy of https_proxy"),
        ("ALL_PROXY", "the proxy of ALL_PROXY"),
        ("all_proxy", "the proxy of all_proxy"),
    ];
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let mut variables = variables.into_iter();
    variables
        .find(|(name, _)| is_set(name))
        .map(|(_, what)| what)
}

async fn check_dns(connection: &Connection) -> Check {
    let url = connection.endpoint.url();
    let host = connection.endpoint.host().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let advice = "check --base-url or --cloud, and the network; behind a proxy, name it by --proxy";
    match timeout(LOOKUP_TIMEOUT, lookup_host((host, port))).await {
        Err(_) => Check::failed("DNS", format!("{host}: nobody answers"), advice),
        Ok(Err(error)) => Check::failed("DNS", format!("{host}: {error}"), advice),
        Ok(Ok(addresses)) => {
            let mut addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
            addresses.dedup();
            Check::ok("DNS", format!("{host} is {}", addresses.join(", ")))
        }
    }
}

async fn check_connection(connection: &Connection) -> Check {
    let name = match connection.endpoint.url().scheme() {
        "https" => "TLS",
        _ => "connection",
    };
    match connection.client.probe().await {
        Ok(version) => Check::ok(name, format!("the service answers by {version}")),
        Err(reason) => Check::failed(
            name,
            reason,
            "check the address, the network and --proxy; where a company's own certificates are used, give its root by --ca-cert",
        ),
    }
}

async fn check_sign_in(connection: &Connection) -> Check {
    match connection.client.tokens().sign_in().await {
        Ok(()) => Check::ok("sign-in", "there is a token"),
        Err(SignInError::Rejected(message)) => {
            let refused = StopReason::SignInRefused { message };
            Check::failed("sign-in", refused.message(), refused.hint())
        }
        Err(error @ SignInError::Transient { .. }) => Check::failed(
            "sign-in",
            error.to_string(),
            "check the network, and --token-url",
        ),
    }
}

/// Asks for nothing, which the service has to refuse: but only one that knows the account and takes the token does.
async fn check_endpoint(connection: &Connection) -> Check {
    let name = "endpoint";
    let nobody = AllocationRequest {
        user_ids: Vec::new(),
        user_bundle_codes: Vec::new(),
        use_external_license: false,
    };
    let response = connection.client.exchange(nobody, SentAt::default()).await;
    let address = connection.endpoint.address_hint();
    match response.kind {
        ResponseKind::Allocated(_) => {
            Check::ok(name, "the service takes the token and the account")
        }
        ResponseKind::Status {
            status,
            message,
            is_html,
        } => check_status(name, (status, is_html), &message, address),
        ResponseKind::InvalidBody { reason, .. } => Check::failed(name, reason, address),
        ResponseKind::NoResponse { reason, .. } => {
            Check::failed(name, reason, "check the network, and try again")
        }
        ResponseKind::NotSignedIn(error) => Check::failed(name, error.to_string(), "try again"),
        ResponseKind::TokenRejected | ResponseKind::NotLogged => {
            Check::failed(name, "no answer", "try again")
        }
    }
}

/// What a status says of the token and the address. `address` is what to try if there is nothing at it.
fn check_status(
    name: &'static str,
    (status, is_html): (u16, bool),
    message: &str,
    address: String,
) -> Check {
    let said = match message {
        "" => format!("status {status}"),
        message => format!("status {status}: {}", printable(message, 200)),
    };
    let message = String::new();
    match status {
        400 | 409 | 422 if !is_html => Check::ok(
            name,
            "the service takes the token and the account, and refuses to allocate nothing",
        ),
        401 => Check::failed(
            name,
            format!("the service refuses the token ({said})"),
            StopReason::Unauthorized { message }.hint(),
        ),
        403 => Check::failed(name, said, StopReason::Forbidden { message }.hint()),
        404 => Check::failed(
            name,
            format!(
                "the service knows no such account, or there is nothing at this address ({said})"
            ),
            address,
        ),
        408 | 429 | 500.. => Check::failed(
            name,
            said,
            "the service is in trouble, or its quota is used up: try again later",
        ),
        _ => Check::failed(name, said, address),
    }
}

fn write_check(out: &mut dyn Write, check: &Check) -> io::Result<()> {
    let state = match check.state {
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Failed => "FAILED",
        CheckState::Skipped => "skipped",
    };
    let mut line = |state, name, text: &str| {
        let beside = format!("{state:8} {name:11} ");
        let text = wrap_with_indent(beside.len(), text, &Term::stdout());
        writeln!(out, "{beside}{text}")
    };
    line(state, check.name, &check.detail)?;
    match &check.hint {
        Some(advice) => line("", "", &format!("hint: {advice}")),
        None => Ok(()),
    }
}
