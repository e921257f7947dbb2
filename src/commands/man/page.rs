//! One page of the manual, in roff.

use std::fmt::Write;
use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::Roff;

use crate::args::examples::HelpExamples;
use crate::commands::man::sections;

/// What each part begins with, for the sake of apostrophes; these are spelt more simply here.
const APOSTROPHE: [&str; 2] = [".ie ", ".el "];

/// Where clap asks for more space than there is between lines, before possible values.
const BREAKS: &str = ".br\n\n.br\n";

/// A page and the name of its file.
#[derive(Debug)]
pub struct Page {
    pub name: String,
    pub text: String,
}

impl Page {
    /// The page of the program. `cli` is built.
    pub fn of_program(cli: &Command) -> io::Result<Self> {
        Self::new(cli, cli.get_subcommands().map(full_name))
    }

    /// The page of one command.
    pub fn of_command(command: &Command) -> io::Result<Self> {
        Self::new(command, ["seatload"])
    }

    fn new<'a>(command: &Command, see: impl IntoIterator<Item = &'a str>) -> io::Result<Self> {
        let name = full_name(command);
        let guide = HelpExamples::of(command.get_name());
        let mut body = Vec::new();
        let man = man(command.clone());
        man.render_name_section(&mut body)?;
        man.render_synopsis_section(&mut body)?;
        man.render_description_section(&mut body)?;
        if command.has_subcommands() {
            man.render_subcommands_section(&mut body)?;
        }
        man.render_options_section(&mut body)?;
        let mut own = Roff::new();
        sections::examples(&mut own, guide);
        sections::exit_status(&mut own, guide);
        sections::environment(&mut own, command);
        sections::files(&mut own, command);
        sections::see_also(&mut own, see);
        own.to_writer(&mut body)?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(Self {
            text: title(name) + &portable(&body),
            name: format!("{name}.1"),
        })
    }
}

/// Such as `seatload-import`.
fn full_name(command: &Command) -> &str {
    let shown = command.get_display_name();
    shown.unwrap_or_else(|| command.get_name())
}

fn man(mut command: Command) -> Man {
    // All flags, which the page lists anyway, would make a synopsis of half a page.
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let command = command.override_usage(usage);
    Man::new(command.subcommand_help_heading("COMMANDS"))
}

/// The date is the commit's, if that is known.
fn title(name: &str) -> String {
    format!(
        ".TH {} 1 \"{}\" \"seatload {}\" \"User Commands\"\n",
        name.to_uppercase().replace('-', "\\-"),
        env!("COMMIT_DATE"),
        env!("CARGO_PKG_VERSION")
    )
}

/// Spells what is no plain ASCII, or what typesetters beautify, by its name in roff.
fn portable(roff: &str) -> String {
    let roff = roff.replace(BREAKS, ".sp\n");
    let lines = roff
        .lines()
        .filter(|line| !APOSTROPHE.iter().any(|begin| line.starts_with(begin)));
    let mut portable = String::with_capacity(roff.len());
    for line in lines {
        for char in line.replace("\\*(Aq", "'").chars() {
            // Writing to a string cannot fail.
            let _ = match char {
                '\'' => write!(portable, "\\(aq"),
                '`' => write!(portable, "\\(ga"),
                '~' => write!(portable, "\\(ti"),
                '^' => write!(portable, "\\(ha"),
                ascii if ascii.is_ascii() => write!(portable, "{ascii}"),
                other => write!(portable, "\\[u{:04X}]", u32::from(other)),
            };
        }
        portable.push('\n');
    }
    portable
}
