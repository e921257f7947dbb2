//! How soon small runs are over, and how large the program is.

use std::fs;
use std::time::Duration;

use crate::process::{seatload, shortest, time};
use crate::{Line, Outcome, Size};

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn measure(size: Size) -> Outcome<Vec<Line>> {
    let runs = size.of(20, 2);
    let version = shortest(runs, || time(&mut seatload(["--version"])))?;
    let import = shortest(runs, || {
        let folder = tempfile::tempdir()?;
        let input = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/singers.csv");
        time(
            seatload(["import", input, "--sandbox", "--report-dir"]).arg(folder.path().join("run")),
        )
    })?;
    let binary = fs::metadata(env!("CARGO_BIN_EXE_seatload"))?.len() as f64 / MIB;
    let within = |what: &str, took: Duration, most: Duration| Line {
        what: what.into(),
        bound: format!("{} ms", most.as_millis()),
        measured: format!("{:.1} ms", took.as_secs_f64() * 1000.0),
        holds: took <= most,
    };
    Ok(vec![
        within("`--version`", version, Duration::from_millis(15)),
        within(
            "`import --sandbox` of 3 users",
            import,
            Duration::from_millis(100),
        ),
        Line {
            what: "the program, stripped".into(),
            bound: "12 MiB".into(),
            measured: format!("{binary:.1} MiB"),
            holds: binary < 12.0,
        },
    ])
}
