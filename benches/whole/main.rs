//! Whole runs of the built program, measured: each against what it is held to, in pairs where there is something to
//! compare it with. README's table is what this prints.
//!
//! `cargo bench --bench whole` measures everything; names of lines after `--` choose some, and `--quick` makes them small,
//! so that CI finds out whether they still run. `-- generate ROWS USERS SEED` writes an input to standard output.

mod dispatching;
mod generate;
mod growth;
mod pacing;
mod process;
mod reading;
mod server;
mod start;

use std::error::Error;
use std::fmt;
use std::io::{self, BufWriter};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What was measured, and what it is held to.
struct Line {
    what: String,
    bound: String,
    measured: String,
    holds: bool,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = if self.holds { "yes" } else { "**no**" };
        write!(
            f,
            "| {} | {} | {} | {holds} |",
            self.what, self.bound, self.measured
        )
    }
}

/// How large everything is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Full,
    /// Only to see that it runs: what is measured says nothing.
    Quick,
}

impl Size {
    fn of<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

type Measure = fn(Size) -> Outcome<Vec<Line>>;

const LINES: [(&str, Measure); 8] = [
    ("reading", reading::measure),
    ("dispatching", dispatching::measure),
    ("latency", dispatching::measure_latency),
    ("requests", dispatching::measure_requests),
    ("pacing", pacing::measure),
    ("growth", growth::measure),
    ("resume", growth::measure_resume),
    ("start", start::measure),
];

fn main() -> Outcome<()> {
    // Cargo adds --bench.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let words: Vec<_> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["generate", rows, users, seed] => {
            let mut out = BufWriter::new(io::stdout().lock());
            generate::input(&mut out, rows.parse()?, users.parse()?, seed.parse()?)?;
            Ok(())
        }
        [server::ARGUMENT, latency] => server::serve(latency.parse()?),
        [reading::CSV_ALONE, file] => reading::csv_alone(file),
        chosen => measure(chosen),
    }
}

fn measure(chosen: &[&str]) -> Outcome<()> {
    let size = match chosen.contains(&"--quick") {
        true => Size::Quick,
        false => Size::Full,
    };
    let names: Vec<_> = chosen.iter().filter(|name| **name != "--quick").collect();
    if let Some(stranger) = names
        .iter()
        .find(|name| LINES.iter().all(|(known, _)| known != **name))
    {
        return Err(format!("nothing is named {stranger}").into());
    }
    println!("| what | held to | measured | holds |\n|---|---|---|---|");
    for (name, measure) in LINES {
        if names.is_empty() || names.iter().any(|chosen| **chosen == name) {
            for line in measure(size)? {
                println!("{line}");
            }
        }
    }
    Ok(())
}
