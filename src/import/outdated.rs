//! Warns of current licences that are old: what users got since then would be taken away, also with `--mode add`.

use std::fs;
use std::time::Duration;

use crate::humanize::count_of;
use crate::settings::CurrentFile;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A warning, if the file is more than a day old.
pub fn outdated(file: &CurrentFile) -> Option<String> {
    let written = fs::metadata(&file.path).and_then(|file| file.modified());
    // A file of the future is as new as can be.
    let age = written.ok()?.elapsed().ok()?;
    warning(file, age)
}

fn warning(file: &CurrentFile, age: Duration) -> Option<String> {
    let days = age.as_secs() / DAY.as_secs();
    let hint = if file.is_answer {
        "import pending.csv of the run in place of resuming it: that asks the service again"
    } else {
        "write a new one with `seatload export`, or use --current service"
    };
    (days > 0).then(|| {
        format!(
            "warning: the current licences in {} are {} old, so licences that users got since then are unknown\n  hint: {hint}",
            file.path.display(),
            count_of(days, "day")
        )
    })
}

/// The warnings of a file and of a run, for the snapshot of all messages.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use std::path::Path;

    use crate::diagnostic::Sample;
    use crate::plan::AbsentUsers;

    let file = CurrentFile::given("licences.csv".into(), AbsentUsers::Unknown);
    let of_run = CurrentFile::answer(Path::new("run"));
    let warnings = [warning(&file, DAY * 31), warning(&of_run, DAY)];
    let warnings = warnings.into_iter().flatten();
    warnings.map(Sample::text).collect()
}
