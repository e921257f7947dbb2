//! Whole runs of the built program, each measured against a bound, in turns with a program to compare it with where
//! there is one. The table of docs/performance.md is the output.
//!
//! `cargo bench --bench whole` measures everything; names after `--` choose lines, and `--quick` makes them small, so that CI
//! sees whether they still run. `-- generate ROWS USERS SEED` writes an input to standard output.

mod asking;
mod generate;
mod growth;
mod page;
mod planning;
mod portal;
mod process;
mod sending;
mod server;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufWriter};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

#[derive(Clone, Copy)]
enum Size {
    Full,
    /// Only to see that it runs: the figures mean nothing.
    Quick,
}

impl Size {
    fn choose<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// Measures one line of the table.
type Measure = fn(Size) -> Result;

const MEASURES: [(&str, Measure); 12] = [
    ("reading", planning::measure_reading),
    ("job", asking::measure_job),
    ("lookup", asking::measure_lookup),
    ("listing", asking::measure_listing),
    ("processor", sending::measure_processor_time),
    ("latency", sending::measure_latency),
    ("pacing", sending::measure_pacing),
    ("growth", growth::measure_plan),
    ("growth-of-runs", growth::measure_runs),
    ("resume", sending::measure_resume),
    ("start", planning::measure_start),
    ("page", page::measure_page),
];

fn main() -> Result {
    // Cargo adds --bench.
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    if let ["generate", rows, users, seed] = args[..] {
        let mut out = BufWriter::new(io::stdout().lock());
        generate::input(&mut out, rows.parse()?, users.parse()?, seed.parse()?)?;
        return Ok(());
    }
    let (flags, names): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| **arg == "--quick");
    let known = |name: &&str| MEASURES.iter().any(|(known, _)| known == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(format!("no line is named {unknown}").into());
    }
    let size = if flags.is_empty() {
        Size::Full
    } else {
        Size::Quick
    };
    println!("| what | held to | measured | holds |\n|---|---|---|---|");
    for (name, measure) in MEASURES {
        if names.is_empty() || names.contains(&name) {
            measure(size)?;
        }
    }
    Ok(())
}

/// Prints a line of the table.
fn print_line(what: impl Display, bound: impl Display, measured: impl Display, holds: bool) {
    let holds = if holds { "yes" } else { "**no**" };
    println!("| {what} | {bound} | {measured} | {holds} |");
}
