//! What the long help and the manual page of a command end with: examples, and what its exit codes say.

use std::fmt::Write;

use crate::commands::{check, codes, completions, man, plan, resume, sandbox, watch};
use crate::exit_code::ExitCode;

/// What helps to use a command.
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

/// Of a command that does nothing but write something.
pub const OUTPUT_EXIT_CODES: &[(ExitCode, &str)] = &[
    (ExitCode::AllSucceeded, "it is written"),
    (ExitCode::NothingSent, "bad usage, or it cannot be written"),
];

/// The program's own.
pub const PROGRAM_EXAMPLES: HelpExamples = HelpExamples {
    examples: &[
        Example {
            title: "Try it, without the service",
            lines: &["seatload import sample-data/onboarding.csv --sandbox"],
        },
        Example {
            title: "See what an import would do",
            lines: &["seatload plan onboarding.csv"],
        },
        Example {
            title: "Import for real, with settings of a profile in seatload.toml",
            lines: &[
                "seatload check --profile prod",
                "seatload import onboarding.csv --profile prod",
            ],
        },
    ],
    exit_codes: &ExitCode::MEANINGS,
};

impl HelpExamples {
    /// That of a command, or the program's.
    pub fn of(command: &str) -> &'static Self {
        match command {
            "import" => &crate::args::import::EXAMPLES,
            "plan" => &plan::EXAMPLES,
            "resume" => &resume::EXAMPLES,
            "watch" => &watch::EXAMPLES,
            "check" => &check::EXAMPLES,
            "codes" => &codes::EXAMPLES,
            "sandbox" => &sandbox::EXAMPLES,
            "completions" => &completions::EXAMPLES,
            "man" => &man::EXAMPLES,
            _ => &PROGRAM_EXAMPLES,
        }
    }

    /// As help shows it.
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
        let numbers = self
            .exit_codes
            .iter()
            .map(|(code, _)| code.number().to_string());
        let widest = numbers.map(|number| number.len()).max().unwrap_or(0);
        for (code, says) in self.exit_codes {
            let _ = write!(text, "\n  {:<widest$}  {says}", code.number());
        }
        text
    }
}
