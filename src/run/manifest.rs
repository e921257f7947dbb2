//! `run.json`: what going on with a run needs to know. It holds no secret.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::input::{Fingerprint, Input};
use crate::plan::SeatBudget;
use crate::run::RunFolder;
use crate::settings::{
    ImportPlan, InputSettings, NetworkSettings, RequestSettings, ResumeInput, RunSettings,
    SignInSettings, Target,
};

const NAME: &str = "run.json";

/// What standard input said is kept under this name, since it cannot be read again.
pub const SAVED_STDIN: &str = "input";

/// The number of the schema: it changes when a field goes or changes its meaning.
const SCHEMA: u32 = 3;

/// What tells the files from others that a roster was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFingerprints {
    /// The input.
    pub input: Fingerprint,
    /// The directory, if there is one.
    pub directory: Option<Fingerprint>,
    /// The file of what users hold, if there is one.
    pub current: Option<Fingerprint>,
}

/// What a run was begun with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunManifest {
    schema: u32,
    /// The input's path, absolute or from the run folder; none if it was standard input, and is kept in the run folder.
    pub input: Option<PathBuf>,
    /// What tells that the input is still the same.
    pub fingerprint: Fingerprint,
    /// Where requests go.
    pub target: Target,
    /// How to sign in, as far as it is no secret, unless it is said anew.
    pub sign_in: SignInSettings,
    /// How connections are made, as far as it is no secret, unless it is said anew.
    pub network: NetworkSettings,
    /// How the input is read.
    pub reading: InputSettings,
    /// What tells that the directory, if there is one, is still the same.
    pub directory: Option<Fingerprint>,
    /// What tells that the file of what users hold, if there is one, is still the same.
    pub current: Option<Fingerprint>,
    /// How many seats there are, if that is known.
    pub seats: Option<SeatBudget>,
    /// Users in one request, at most.
    pub batch_size: usize,
    /// Stop after so many users, unless it is said anew or they are done.
    pub first: Option<NonZeroUsize>,
    /// How requests are sent, unless it is said anew.
    pub requests: RequestSettings,
}

/// Why a run cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No run has begun in the folder.
    #[error(
        "{} holds no run.json: it is no run folder, or its run ended before anything was sent\n  hint: import the file again",
        path.display()
    )]
    NotBegun {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read run.json in {}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The input is not the one that the run began with.
    #[error(
        "{input} is not what the run began with: {difference}\n  hint: put the file back as it was, or import it as it is now"
    )]
    OtherInput {
        /// The input.
        input: String,
        /// What differs.
        difference: String,
    },
}

impl RunManifest {
    /// What a run begins with.
    ///
    /// # Errors
    /// When the input's path cannot be made absolute.
    pub fn new(
        intent: &ImportPlan,
        later: ResumeInput,
        read: &InputFingerprints,
        run: &RunSettings,
    ) -> io::Result<Self> {
        let input = match (&intent.input, later) {
            (Input::Path(path), ResumeInput::InPlace) => Some(std::path::absolute(path)?),
            (Input::Path(path), ResumeInput::BesideRun) => {
                let name = path.file_name().unwrap_or_default();
                Some(Path::new("..").join(name))
            }
            (Input::Stdin, _) => None,
        };
        let mut reading = intent.reading.clone();
        let current = reading.current.as_mut().map(|current| &mut current.path);
        let (mut sign_in, mut network) = (run.sign_in.clone(), run.network.recorded());
        let beside = reading.directory.as_mut().into_iter().chain(current);
        for path in beside.chain(sign_in.paths_mut()).chain(network.paths_mut()) {
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
            seats: intent.seats.clone(),
            batch_size: intent.batch_size.get(),
            first: run.first,
            requests: run.requests.clone(),
        })
    }

    /// Finds that a run has begun in a folder, without touching anything there.
    ///
    /// # Errors
    /// When the folder is there and holds no run.
    pub fn require(folder: &Path) -> Result<(), RecordError> {
        if folder.is_dir() && !folder.join(NAME).exists() {
            return Err(RecordError::NotBegun {
                path: folder.to_owned(),
            });
        }
        Ok(())
    }

    /// When the run in a folder began, if one has.
    pub fn begun_at(folder: &Path) -> Option<SystemTime> {
        fs::metadata(folder.join(NAME)).ok()?.modified().ok()
    }

    /// Reads what the run in a folder was begun with.
    ///
    /// # Errors
    /// When none has begun there, or the record cannot be read.
    pub fn read(folder: &RunFolder) -> Result<Self, RecordError> {
        let path = folder.path().to_owned();
        let text = match fs::read(path.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RecordError::NotBegun { path });
            }
            Err(source) => return Err(RecordError::Unreadable { path, source }),
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(record) if record.schema == SCHEMA => Ok(record),
            Ok(record) => Err(RecordError::Unreadable {
                path,
                source: io::Error::other(format!("schema {} is not known", record.schema)),
            }),
            Err(error) => Err(RecordError::Unreadable {
                path,
                source: error.into(),
            }),
        }
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &RunFolder) -> io::Result<()> {
        folder.replace(NAME, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// Where the input is now.
    pub fn input(&self, folder: &Path) -> Input {
        Input::Path(match &self.input {
            Some(path) => folder.join(path),
            None => folder.join(SAVED_STDIN),
        })
    }

    /// Finds what was read to be what the run began with.
    ///
    /// # Errors
    /// When it is another; the error says in what.
    pub fn check(&self, input: &Input, now: &InputFingerprints) -> Result<(), RecordError> {
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

fn check_same(file: &str, then: &Fingerprint, now: &Fingerprint) -> Result<(), RecordError> {
    let difference = if now.bytes != then.bytes {
        format!("it has {} bytes and had {}", now.bytes, then.bytes)
    } else if now.sha256 != then.sha256 {
        "it is as long as before, and its content has changed".to_owned()
    } else {
        return Ok(());
    };
    Err(RecordError::OtherInput {
        input: file.to_owned(),
        difference,
    })
}
