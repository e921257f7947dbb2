//! The checks, in order: each needs those before it.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Check;
use super::CheckState;
use crate::api::{
    AllocationRequest, Allocator, Client, Endpoint, ResponseKind, SentAt, Service, SignInError,
};
use crate::args::env;
use crate::event::StopReason;
use crate::humanize::duration::duration;
use crate::import::account::Located;
use crate::import::connection::Connection;
use crate::import::sign_in::others_can_read;
use crate::lookup::{CallFailure, Probe, probes};
use crate::sanitize::printable;
use crate::settings::RunSettings;

const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Runs one check after the other, up to the first that makes the next ones pointless.
pub fn run_checks(
    settings: &RunSettings,
    report: &mut impl FnMut(Check) -> io::Result<()>,
) -> anyhow::Result<()> {
    for check in check_files(settings) {
        report(check)?;
    }
    let connection = match Connection::new(settings, None) {
        Ok(connection) => connection,
        Err(error) => return Ok(report(Check::from_error("settings", &error))?),
    };
    report(Check::ok("settings", connection.client.base().to_string()))?;
    let mut report = |check: Check| {
        let has_failed = check.has_failed();
        report(check).map(|()| !has_failed)
    };
    let runtime = &connection.runtime;
    let resolved = match proxy_name(settings) {
        Some(proxy) => Check::skipped("DNS", format!("{proxy} may resolve names")),
        None => runtime.block_on(check_dns(&connection)),
    };
    let is_signed_in = report(resolved)?
        && report(runtime.block_on(check_connection(&connection)))?
        && report(runtime.block_on(check_sign_in(&connection)))?;
    if is_signed_in {
        check_account(&connection, settings.requests.max_retries, &mut report)?;
    }
    Ok(())
}

/// The account, and what the service answers for it.
fn check_account(
    connection: &Connection,
    max_retries: u32,
    report: &mut impl FnMut(Check) -> io::Result<bool>,
) -> io::Result<()> {
    let runtime = &connection.runtime;
    let located = match runtime.block_on(connection.locate(max_retries)) {
        Ok(located) => located,
        Err(error) => return report(Check::from_error("account", &error)).map(drop),
    };
    let account = printable(&located.account_id, 60);
    let source = located.account_source;
    report(Check::ok("account", format!("{account} ({source})")))?;
    report(runtime.block_on(check_endpoint(&connection.client, &located.endpoint)))?;
    for check in check_readings(connection, located) {
        report(check)?;
    }
    Ok(())
}

/// Whether the service answers each of the questions that an import has.
fn check_readings(connection: &Connection, located: &Located) -> impl Iterator<Item = Check> {
    let probes = located.account.as_ref().map(probes);
    let unknown = "the organisation is unknown; --url or --organization names it";
    let skipped = probes.is_none().then(|| Check::skipped("reading", unknown));
    let checks = probes.into_iter().flatten().map(|probe| {
        let check = check_reading(connection, &probe);
        connection.runtime.block_on(check)
    });
    skipped.into_iter().chain(checks)
}

/// The files that hold secrets.
fn check_files(settings: &RunSettings) -> Vec<Check> {
    let (mut sign_in, mut network) = (settings.sign_in.clone(), settings.network.clone());
    // A root certificate is not secret.
    network.ca_cert = None;
    let paths = sign_in.paths_mut().chain(network.paths_mut());
    paths.map(|path| check_file(path)).collect()
}

fn check_file(path: &Path) -> Check {
    let name = path.display();
    match std::fs::metadata(path) {
        Err(error) => Check::failed(
            "file",
            format!("{name}: {error}"),
            "check the path, and that you may read the file",
        ),
        Ok(_) if others_can_read(path) => Check {
            state: CheckState::Warning,
            ..Check::failed(
                "file",
                format!("{name}: other users of this machine can read it"),
                format!("if it contains a secret: chmod 600 {name}"),
            )
        },
        Ok(_) => Check::ok("file", name.to_string()),
    }
}

/// Where the proxy is set, if there is one.
fn proxy_name(settings: &RunSettings) -> Option<String> {
    let flag = settings.network.proxy.as_ref().map(|_| "--proxy");
    let variable = || PROXY_VARIABLES.into_iter().find(|name| env::is_set(name));
    flag.or_else(variable)
        .map(|name| format!("the proxy of {name}"))
}

async fn check_dns(connection: &Connection) -> Check {
    let url = connection.client.base();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let hint = "check the address and the network; behind a proxy, add --proxy";
    match timeout(LOOKUP_TIMEOUT, lookup_host((host, port))).await {
        Err(_) => Check::failed("DNS", format!("{host}: no response"), hint),
        Ok(Err(error)) => Check::failed("DNS", format!("{host}: {error}"), hint),
        Ok(Ok(addresses)) => {
            let mut addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
            addresses.dedup();
            Check::ok("DNS", format!("{host} is {}", addresses.join(", ")))
        }
    }
}

async fn check_connection(connection: &Connection) -> Check {
    let name = match connection.client.base().scheme() {
        "https" => "TLS",
        _ => "connection",
    };
    match connection.client.probe().await {
        Ok(version) => Check::ok(name, format!("the service responds with {version}")),
        Err(reason) => Check::failed(
            name,
            reason,
            "check the address, the network and --proxy (SEATLOAD_PROXY, if it has a password); for a company's own certificates, add --ca-cert",
        ),
    }
}

async fn check_sign_in(connection: &Connection) -> Check {
    match connection.client.tokens().sign_in().await {
        Ok(()) => check_expiry(connection.client.tokens().expires_at(), Timestamp::now()),
        Err(SignInError::Rejected(message)) => {
            let reason = StopReason::SignInRefused { message };
            Check::failed("sign-in", reason.message(), reason.hint())
        }
        Err(error @ SignInError::Transient { .. }) => {
            let hint = if connection.client.tokens().source().is_local() {
                "check the file or the command that gives the token"
            } else {
                "check the network and --token-url"
            };
            Check::failed("sign-in", error.to_string(), hint)
        }
    }
}

fn check_expiry(expires_at: Option<Timestamp>, now: Timestamp) -> Check {
    let Some(expires_at) = expires_at else {
        return Check::ok("sign-in", "got a token");
    };
    match Duration::try_from(expires_at.duration_since(now)) {
        Ok(left) => Check::ok("sign-in", format!("got a token for {}", duration(left))),
        Err(_) => Check {
            state: CheckState::Warning,
            ..Check::failed(
                "sign-in",
                format!("by this machine's clock, the token expired at {expires_at}"),
                "get a new token",
            )
        },
    }
}

/// Sends a request without users and codes. Only a service that knows the account and accepts the token rejects it.
async fn check_endpoint(client: &Client, endpoint: &Endpoint) -> Check {
    let name = "endpoint";
    let request = AllocationRequest {
        user_ids: Vec::new(),
        user_bundle_codes: Vec::new(),
        use_external_license: false,
    };
    let allocator = Allocator { client, endpoint };
    let response = allocator.exchange(request, SentAt::default()).await;
    let address_hint = endpoint.address_hint();
    match response.kind {
        ResponseKind::Allocated(_) => Check::ok(name, "the service accepts token and account"),
        ResponseKind::Status {
            status: 400 | 409 | 422,
            is_html: false,
            ..
        } => Check::ok(
            name,
            "the service accepts token and account, and rejects an empty request",
        ),
        ResponseKind::Status {
            status: 403,
            message,
            is_html: true,
        } => {
            let stop = StopReason::Blocked { message };
            Check::failed(name, stop.message(), stop.hint())
        }
        ResponseKind::Status {
            status, message, ..
        } => check_status(name, status, &message, address_hint),
        ResponseKind::ReadInstead => Check::failed(
            name,
            StopReason::ReadsOnly.message(),
            "use --endpoint put-lease",
        ),
        ResponseKind::InvalidBody { reason, .. } => Check::failed(name, reason, address_hint),
        ResponseKind::NoResponse { reason, .. } => {
            Check::failed(name, reason, "check the network, then retry")
        }
        ResponseKind::NotSignedIn(error) => Check::failed(name, error.to_string(), "retry"),
        ResponseKind::TokenRejected | ResponseKind::NotLogged => {
            Check::failed(name, "no response", "retry")
        }
    }
}

/// Whether the service answers a question. An import can do without.
async fn check_reading(connection: &Connection, probe: &Probe) -> Check {
    let Probe { name, call, scope } = probe;
    let warning = |detail: String, hint: String| Check {
        state: CheckState::Warning,
        ..Check::failed(name, detail, hint)
    };
    match connection.caller(0).call(call).await {
        Ok(_) => Check::ok(name, "works"),
        Err(failure @ CallFailure::Refused { .. }) => warning(
            failure.to_string(),
            format!(
                "the token lacks the scope {scope}, or its owner the role; other ways may work"
            ),
        ),
        Err(failure @ CallFailure::Missing { .. }) => {
            Check::skipped(name, format!("{failure}; other ways may work"))
        }
        Err(failure) => warning(
            failure.to_string(),
            "other ways may work; else give a file".to_owned(),
        ),
    }
}

/// What a status says about the token and the address.
fn check_status(name: &'static str, status: u16, message: &str, address_hint: String) -> Check {
    let response = match message {
        "" => format!("status {status}"),
        message => format!("status {status}: {}", printable(message, 200)),
    };
    match status {
        401 => Check::failed(
            name,
            format!("the service rejects the token ({response})"),
            "get a new token (for an external application, with the scope PM.License.Write)",
        ),
        403 => Check::failed(
            name,
            response,
            "use the token of an organisation administrator, and check --url, --account and --organization",
        ),
        404 => Check::failed(
            name,
            format!("there is no such account, or no service at this address ({response})"),
            address_hint,
        ),
        408 | 429 | 500.. => Check::failed(
            name,
            response,
            "the service is unavailable or its quota is used up: retry later",
        ),
        _ => Check::failed(name, response, address_hint),
    }
}
