//! `run.json`: what a run was started with, so that it can be resumed. It has no secret.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{ManifestError, RunFolder};
use crate::input::{Fingerprint, Input};
use crate::plan::SeatBudget;
use crate::settings::{
    ImportPlan, InputSettings, NetworkSettings, RequestSettings, ResumeInput, RunSettings,
    SignInSettings, Target,
};

const NAME: &str = "run.json";

/// A copy of standard input, which cannot be read again.
pub const SAVED_STDIN: &str = "input";

/// The schema's number: it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 3;

/// The fingerprints of the files that a roster was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFingerprints {
    pub input: Fingerprint,
    pub directory: Option<Fingerprint>,
    pub current: Option<Fingerprint>,
}

/// What a run was started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunManifest {
    schema: u32,
    /// The input's path, absolute or relative to the run folder; none for standard input, which is saved in the run folder.
    pub input: Option<PathBuf>,
    pub fingerprint: Fingerprint,
    pub target: Target,
    /// Without secrets. A resumed run may sign in otherwise.
    pub sign_in: SignInSettings,
    /// Without secrets. A resumed run may connect otherwise.
    pub network: NetworkSettings,
    pub reading: InputSettings,
    pub directory: Option<Fingerprint>,
    pub current: Option<Fingerprint>,
    pub seats: Option<SeatBudget>,
    pub batch_size: usize,
    /// The value of --first.
    pub first: Option<NonZeroUsize>,
    /// A resumed run may have other values.
    pub requests: RequestSettings,
}

impl RunManifest {
    pub fn new(
        plan: &ImportPlan,
        later: ResumeInput,
        read: &InputFingerprints,
        run: &RunSettings,
    ) -> io::Result<Self> {
        let input = match (&plan.input, later) {
            (Input::Path(path), ResumeInput::InPlace) => Some(std::path::absolute(path)?),
            (Input::Path(path), ResumeInput::BesideRun) => {
                let name = path.file_name().unwrap_or_default();
                Some(Path::new("..").join(name))
            }
            (Input::Stdin, _) => None,
        };
        let mut reading = plan.input_settings.clone();
        let current = reading.current.as_mut().map(|current| &mut current.path);
        let (mut sign_in, mut network) = (run.sign_in.clone(), run.network.recorded());
        let side_tables = reading.directory.as_mut().into_iter().chain(current);
        for path in side_tables
            .chain(sign_in.paths_mut())
            .chain(network.paths_mut())
        {
            *path = std::path::absolute(&path)?;
        }
        Ok(Self {
            schema: SCHEMA,
            input,
            fingerprint: read.input.clone(),
            target: run.target.clone(),
            sign_in,
            network,
            reading,
            directory: read.directory.clone(),
            current: read.current.clone(),
            seats: plan.seats.clone(),
            batch_size: plan.batch_size.get(),
            first: run.first,
            requests: run.requests.clone(),
        })
    }

    /// Requires that a run has started in a folder, without changing anything there. A missing folder passes.
    pub fn require(folder: &Path) -> Result<(), ManifestError> {
        if folder.is_dir() && !folder.join(NAME).exists() {
            return Err(ManifestError::NotStarted {
                path: folder.to_owned(),
            });
        }
        Ok(())
    }

    /// When the run in a folder started, if one has.
    pub fn started_at(folder: &Path) -> Option<SystemTime> {
        fs::metadata(folder.join(NAME)).ok()?.modified().ok()
    }

    pub fn read(folder: &RunFolder) -> Result<Self, ManifestError> {
        let path = folder.path().to_owned();
        let text = match fs::read(path.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ManifestError::NotStarted { path });
            }
            Err(source) => return Err(ManifestError::Unreadable { path, source }),
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(manifest) if manifest.schema == SCHEMA => Ok(manifest),
            Ok(manifest) => Err(ManifestError::Unreadable {
                path,
                source: io::Error::other(format!("unknown schema {}", manifest.schema)),
            }),
            Err(error) => Err(ManifestError::Unreadable {
                path,
                source: error.into(),
            }),
        }
    }

    pub fn write(&self, folder: &RunFolder) -> io::Result<()> {
        folder.replace(NAME, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// The input, for a run in this folder.
    pub fn input(&self, folder: &Path) -> Input {
        Input::Path(match &self.input {
            Some(path) => folder.join(path),
            None => folder.join(SAVED_STDIN),
        })
    }

    /// Requires that the files are those that the run started with.
    pub fn check(&self, input: &Input, now: &InputFingerprints) -> Result<(), ManifestError> {
        check_same(&input.to_string(), &self.fingerprint, &now.input)?;
        let current = self.reading.current.as_ref().map(|current| &current.path);
        for (path, then, now) in [
            (
                self.reading.directory.as_ref(),
                &self.directory,
                &now.directory,
            ),
            (current, &self.current, &now.current),
        ] {
            if let (Some(path), Some(then), Some(now)) = (path, then, now) {
                check_same(&path.display().to_string(), then, now)?;
            }
        }
        Ok(())
    }
}

fn check_same(file: &str, then: &Fingerprint, now: &Fingerprint) -> Result<(), ManifestError> {
    let difference = if now.bytes != then.bytes {
        format!("it has {} bytes instead of {}", now.bytes, then.bytes)
    } else if now.sha256 != then.sha256 {
        "it has the same length and other content".to_owned()
    } else {
        return Ok(());
    };
    Err(ManifestError::InputChanged {
        input: file.to_owned(),
        difference,
    })
}
