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
    ImportPlan, ImportSettings, InputSettings, NetworkSettings, Questions, RequestSettings,
    ResumeInput, SignInSettings, Target,
};

const NAME: &str = "run.json";

/// A copy of standard input, which cannot be read again.
pub const SAVED_STDIN: &str = "input";

/// The schema's number: it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 5;

/// The fingerprints of the files that a roster was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFingerprints {
    #[serde(rename = "fingerprint")]
    pub input: Fingerprint,
    pub directory: Option<Fingerprint>,
    pub current: Option<Fingerprint>,
}

/// What a run was started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunManifest {
    schema: u32,
    /// The input's path, absolute or relative to the run folder; none for standard input, which is saved in the run
    /// folder.
    pub input: Option<PathBuf>,
    #[serde(flatten)]
    pub fingerprints: InputFingerprints,
    pub target: Target,
    /// Without secrets. A resumed run may sign in otherwise.
    pub sign_in: SignInSettings,
    /// Without secrets. A resumed run may connect otherwise.
    pub network: NetworkSettings,
    #[serde(rename = "reading")]
    pub input_settings: InputSettings,
    pub seats: Option<SeatBudget>,
    pub batch_size: usize,
    /// The value of --first.
    pub first: Option<NonZeroUsize>,
    /// A resumed run may have other values.
    pub requests: RequestSettings,
}

impl RunManifest {
    /// Paths are absolute; those of files in the run folder are relative to it, since it may be moved.
    pub fn new(
        plan: &ImportPlan,
        settings: &ImportSettings,
        read: &InputFingerprints,
        folder: &RunFolder,
    ) -> io::Result<Self> {
        let run = &settings.run;
        let mut input_settings = plan.input_settings.clone();
        let (mut sign_in, mut network) = (run.sign_in.clone(), run.network.recorded());
        for path in input_settings
            .side_tables_mut()
            .chain(sign_in.paths_mut())
            .chain(network.paths_mut())
        {
            *path = match path.strip_prefix(folder.path()) {
                Ok(inside) => inside.to_owned(),
                Err(_) => std::path::absolute(&path)?,
            };
        }
        Ok(Self {
            schema: SCHEMA,
            input: saved_path(&plan.input, settings.resume_input)?,
            fingerprints: read.clone(),
            target: run.target.clone(),
            sign_in,
            network,
            input_settings,
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
        let read = Self::parse(&path.join(NAME));
        let mut manifest = read.map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                let path = path.clone();
                ManifestError::NotStarted { path }
            } else {
                let path = path.clone();
                ManifestError::Unreadable { path, source }
            }
        })?;
        for side_table in manifest.input_settings.side_tables_mut() {
            *side_table = path.join(&side_table);
        }
        Ok(manifest)
    }

    fn parse(file: &Path) -> io::Result<Self> {
        let manifest: Self = serde_json::from_slice(&fs::read(file)?)?;
        if manifest.schema != SCHEMA {
            let message = format!("unknown schema {}", manifest.schema);
            return Err(io::Error::other(message));
        }
        Ok(manifest)
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

    /// The plan that the run started with. The service's answers are files of the run.
    pub fn plan(&self, input: Input) -> ImportPlan {
        ImportPlan {
            input,
            input_settings: self.input_settings.clone(),
            seats: self.seats.clone(),
            until_full: self.seats.as_ref().is_some_and(|seats| seats.partial),
            questions: Questions::default(),
            batch_size: NonZeroUsize::new(self.batch_size).unwrap_or(NonZeroUsize::MIN),
        }
    }

    /// Requires that the files are those that the run started with.
    pub fn check(&self, input: &Input, now: &InputFingerprints) -> Result<(), ManifestError> {
        let (then, settings) = (&self.fingerprints, &self.input_settings);
        check_same(input, &then.input, &now.input)?;
        let current = settings.current.as_ref().map(|current| &current.path);
        for (path, then, now) in [
            (settings.directory.as_ref(), &then.directory, &now.directory),
            (current, &then.current, &now.current),
        ] {
            if let (Some(path), Some(then), Some(now)) = (path, then, now) {
                check_same(&Input::Path(path.clone()), then, now)?;
            }
        }
        Ok(())
    }
}

/// The path of an input as a manifest has it. None for standard input.
fn saved_path(input: &Input, later: ResumeInput) -> io::Result<Option<PathBuf>> {
    Ok(match (input, later) {
        (Input::Path(path), ResumeInput::InPlace) => Some(std::path::absolute(path)?),
        (Input::Path(path), ResumeInput::BesideRun) => {
            Some(Path::new("..").join(path.file_name().unwrap_or_default()))
        }
        (Input::Stdin, _) => None,
    })
}

fn check_same(file: &Input, then: &Fingerprint, now: &Fingerprint) -> Result<(), ManifestError> {
    let difference = if now.bytes != then.bytes {
        format!("it has {} bytes instead of {}", now.bytes, then.bytes)
    } else if now.sha256 != then.sha256 {
        "it has the same length and other content".to_owned()
    } else {
        return Ok(());
    };
    Err(ManifestError::InputChanged {
        input: file.to_string(),
        difference,
    })
}
