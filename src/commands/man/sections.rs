//! The sections that clap does not know of.

use clap::Command;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::args::examples::HelpExamples;

/// What a command that may sign in reads beside its flags' own variables.
const VARIABLES: [(&str, &str); 6] = [
    ("SEATLOAD_TOKEN", "The access token."),
    (
        "SEATLOAD_CLIENT_SECRET",
        "The secret of the external application that --client-id names.",
    ),
    (
        "SEATLOAD_PASSWORD",
        "The password of the user that --username names.",
    ),
    (
        "HTTPS_PROXY, ALL_PROXY",
        "The proxy, unless --proxy names one.",
    ),
    ("NO_PROXY", "Hosts that are reached without it."),
    (
        "XDG_CONFIG_HOME",
        "The folder of configuration, if it is not ~/.config.",
    ),
];

const SETTINGS: [(&str, &str); 2] = [
    ("seatload.toml", "Settings, and profiles of them."),
    (
        "~/.config/seatload/seatload.toml",
        "The same, where there is none in the current folder.",
    ),
];

const RUN_FOLDER: [(&str, &str); 1] = [(
    "seatload-INPUT-DATE-TIME/",
    "The folder of a run, unless --report-dir names one. In it:",
)];

/// What a run leaves in its folder.
const REPORTS: [(&str, &str); 7] = [
    (
        "success.csv",
        "Users who hold what they shall hold, as the service confirmed.",
    ),
    (
        "failures.csv",
        "Users who failed and rows that are bad, with what to do; to be mended and imported.",
    ),
    (
        "pending.csv",
        "Users who are not decided, where the run stopped early.",
    ),
    (
        "undo.csv",
        "With --current: what users held before. To go back, import it.",
    ),
    ("report.html", "How the run went, for people."),
    ("summary.json", "How the run went, for programs."),
    ("run.json", "What seatload resume needs to know."),
];

/// What stands in a folder that is watched.
const WATCHED: [(&str, &str); 6] = [
    ("FOLDER/working/", "The file whose turn it is."),
    (
        "FOLDER/done/",
        "Files of which every user succeeded, with their reports.",
    ),
    (
        "FOLDER/attention/",
        "Files that somebody must look at: NOTE.txt says why.",
    ),
    (
        "FOLDER/duplicates/",
        "Files whose content was imported before.",
    ),
    (
        "FOLDER/.seatload/imported.csv",
        "What was imported, so that nothing is imported twice.",
    ),
    (
        "FOLDER/done/NAME-DATE-TIME/run/",
        "The folder of a run; the same in attention. In it:",
    ),
];

pub fn examples(roff: &mut Roff, guide: &HelpExamples) {
    roff.control("SH", ["EXAMPLES"]);
    for (n, example) in guide.examples.iter().enumerate() {
        if n > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(format!("{}:", example.title))]);
        roff.control("RS", ["4"]);
        roff.control("EX", []);
        for line in example.lines {
            roff.text([roman(*line)]);
        }
        roff.control("EE", []);
        roff.control("RE", []);
    }
}

pub fn exit_status(roff: &mut Roff, guide: &HelpExamples) {
    roff.control("SH", ["EXIT STATUS"]);
    for (code, says) in guide.exit_codes {
        entry(roff, &code.number().to_string(), says);
    }
}

pub fn environment(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["ENVIRONMENT"]);
    roff.text([roman(
        "Each flag can be given by the variable that is named with it; the flag itself comes first.",
    )]);
    if may_sign_in(command) || command.has_subcommands() {
        for (name, says) in VARIABLES {
            entry(roff, name, says);
        }
    }
}

pub fn files(roff: &mut Roff, command: &Command) {
    if !(may_sign_in(command) || command.has_subcommands()) {
        return;
    }
    let of_run: [&[_]; 2] = match command.get_name() {
        "watch" => [&WATCHED, &REPORTS],
        "plan" | "check" => [&[], &[]],
        _ => [&RUN_FOLDER, &REPORTS],
    };
    roff.control("SH", ["FILES"]);
    for (name, says) in SETTINGS.iter().chain(of_run.into_iter().flatten()) {
        roff.control("TP", []);
        roff.text([italic(*name)]);
        roff.text([roman(*says)]);
    }
}

pub fn see_also<'a>(roff: &mut Roff, pages: impl IntoIterator<Item = &'a str>) {
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for page in pages {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(page), roman("(1)")]);
    }
    roff.text(line);
}

fn entry(roff: &mut Roff, name: &str, says: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(says)]);
}

fn may_sign_in(command: &Command) -> bool {
    let mut flags = command.get_arguments().filter_map(clap::Arg::get_long);
    flags.any(|long| long == "token-file")
}
