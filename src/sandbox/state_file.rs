//! The requests that were applied, a line of JSON each. A sandbox that starts with the file has the same state.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use crate::api::AllocationRequest;

/// One change of the ledger.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    Allocated(AllocationRequest),
    Removed(Vec<String>),
}

/// The file that changes are appended to.
#[derive(Debug)]
pub struct StateFile(File);

impl StateFile {
    /// Opens a file for more changes. A line that a kill has cut off is ended.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let mut content = Vec::new();
        (&file).read_to_end(&mut content)?;
        let mut state = Self(file);
        if content.last().is_some_and(|&last| last != b'\n') {
            state.0.write_all(b"\n")?;
        }
        Ok(state)
    }

    /// Appends a change, before it is answered.
    pub fn append(&mut self, change: &Change) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// Applies the changes of a file to a ledger. A line that a kill has cut off, perhaps inside a letter, is no change.
pub fn replay(path: &Path, ledger: &mut Ledger) -> io::Result<()> {
    for line in fs::read(path)?.split(|&byte| byte == b'\n') {
        match serde_json::from_slice(line) {
            // What was applied once can be applied again.
            Ok(Change::Allocated(request)) => drop(ledger.allocate(&request)),
            Ok(Change::Removed(user_ids)) => ledger.remove(&user_ids),
            Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_sandbox_continues_from_its_file_even_if_a_kill_has_cut_off_its_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.jsonl");
        let bought = BTreeMap::from([("IDU".to_owned(), 9)]);
        let allocated = |user: &str| {
            Change::Allocated(AllocationRequest {
                user_ids: vec![user.to_owned()],
                user_bundle_codes: vec!["IDU".to_owned()],
                use_external_license: false,
            })
        };
        let mut state = StateFile::open(&path).unwrap();
        state.append(&allocated("ann")).unwrap();
        state.append(&allocated("ben")).unwrap();
        state
            .append(&Change::Removed(vec!["ann".to_owned()]))
            .unwrap();
        state
            .0
            .write_all(b"{\"allocated\":{\"userIds\":[\"z\xc3")
            .unwrap();
        let mut state = StateFile::open(&path).unwrap();
        state.append(&allocated("dan")).unwrap();
        let mut ledger = Ledger::new(&bought);
        replay(&path, &mut ledger).unwrap();
        let users: Vec<_> = ledger.users().into_iter().collect();
        assert_eq!(users, ["ben", "dan"]);
    }
}
