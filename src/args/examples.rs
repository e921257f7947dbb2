//! What the long help and the manual page of a command end with: examples and exit codes.

use std::fmt::Write;

use crate::exit_code::ExitCode;

#[derive(Debug)]
pub struct HelpExamples {
    pub examples: &'static [Example],
    pub exit_codes: &'static [(ExitCode, &'static str)],
}

/// Lines for a shell.
#[derive(Debug)]
pub struct Example {
    pub title: &'static str,
    pub lines: &'static [&'static str],
}

/// Sets the variable of the token, in the usual shell of the system.
pub const SET_TOKEN: &str = if cfg!(windows) {
    r#"$env:SEATLOAD_TOKEN = "…""#
} else {
    "export SEATLOAD_TOKEN=…"
};

/// Sets the variable of the portal's address.
pub const SET_URL: &str = if cfg!(windows) {
    r#"$env:SEATLOAD_URL = "https://cloud.uipath.com/acme""#
} else {
    "export SEATLOAD_URL=https://cloud.uipath.com/acme"
};

/// The exit codes of a command that only writes something.
pub const OUTPUT_EXIT_CODES: &[(ExitCode, &str)] = &[
    (ExitCode::AllSucceeded, "written"),
    (
        ExitCode::NothingSent,
        "bad usage, or the output cannot be written",
    ),
];

pub const PROGRAM_EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Try it without the service",
            lines: &["seatload import sample-data/joiners.csv --sandbox --until-full"],
        },
        Example {
            title: "See what an import would do",
            lines: &["seatload import joiners.xlsx --dry-run"],
        },
        Example {
            title: "Import with the settings of a profile in seatload.toml",
            lines: &[
                "seatload check --profile prod",
                "seatload import joiners.xlsx --profile prod",
            ],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

impl HelpExamples {
    pub fn text(&self) -> String {
        let mut text = "Examples:\n".to_owned();
        // Writing to a string cannot fail.
        for example in self.examples {
            let _ = writeln!(text, "  {}:", example.title);
            for line in example.lines {
                let _ = writeln!(text, "    {line}");
            }
        }
        text += "\nExit codes:";
        let numbers = self.exit_codes.iter().map(|(code, _)| code.number());
        let width = numbers.max().map_or(0, |number| number.to_string().len());
        for (code, meaning) in self.exit_codes {
            let _ = write!(text, "\n  {:<width$}  {meaning}", code.number());
        }
        text
    }
}
