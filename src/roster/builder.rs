//! Reads rows and makes a roster of them, on two threads: one reads and judges while the other folds.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::Roster;
use crate::catalog::Catalog;
use crate::directory::Directory;
use crate::input::{InputError, RowReader};
use crate::roster::assemble::RosterAssembler;
use crate::roster::validate::RowValidator;
use crate::roster::validated::Block;

/// Rows that go from thread to thread at once.
const BLOCK_ROWS: usize = 4096;

/// A block whose cells have so many bytes is not added to.
const BLOCK_BYTES: usize = 256 * 1024;

/// Blocks that wait to be folded.
const BLOCKS_AHEAD: usize = 2;

/// What is known beforehand about the rows of a file.
#[derive(Debug)]
pub struct RosterBuilder<'d> {
    catalog: &'d Catalog,
    directory: Option<&'d Directory>,
    default_external: bool,
    takes_nothing: bool,
}

impl<'d> RosterBuilder<'d> {
    /// `default_external` is the external flag of a row that does not say; `directory` knows users by e-mail address.
    pub fn new(
        catalog: &'d Catalog,
        directory: Option<&'d Directory>,
        default_external: bool,
    ) -> Self {
        Self {
            catalog,
            directory,
            default_external,
            takes_nothing: false,
        }
    }

    /// The rows say what users hold, and not what they shall hold: nothing is something to hold.
    pub fn of_holdings(self) -> Self {
        Self {
            takes_nothing: true,
            ..self
        }
    }

    /// Reads all rows, and gives their roster.
    ///
    /// # Errors
    /// When the input cannot be read to its end. A row that is wrong is no error: it stands among the bad rows.
    pub fn fold(self, rows: RowReader<'_>) -> Result<Roster, InputError> {
        let columns = rows.columns().clone();
        let mut fold = RosterAssembler::new(self.default_external, columns.priority.is_some());
        let judge = RowValidator::new(
            columns,
            self.catalog,
            self.directory,
            self.default_external,
            self.takes_nothing,
        );
        let (judged, blocks) = sync_channel(BLOCKS_AHEAD);
        let (give_back, used) = channel();
        let codes = thread::scope(|scope| {
            let reading = thread::Builder::new()
                .name("rows".to_owned())
                .spawn_scoped(scope, move || read(rows, judge, &judged, &used))
                .map_err(|source| InputError::Read { line: 1, source })?;
            for block in blocks {
                fold.add(&block);
                // It is of no use any more to a reader that is done.
                let _ = give_back.send(block);
            }
            reading
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        Ok(fold.finish(codes))
    }
}

/// Reads and judges all rows, sends them, and gives their codes at the end. `used` are blocks to be filled again.
fn read(
    mut rows: RowReader<'_>,
    mut judge: RowValidator<'_>,
    judged: &SyncSender<Block>,
    used: &Receiver<Block>,
) -> Result<Vec<String>, InputError> {
    loop {
        let mut block = used.try_recv().unwrap_or_default();
        block.clear();
        let mut is_over = false;
        while !is_over && block.rows.len() < BLOCK_ROWS && block.bytes() < BLOCK_BYTES {
            match rows.next_row()? {
                Some(row) => judge.validate(&row, &mut block),
                None => is_over = true,
            }
        }
        // Only if the other thread has panicked does nobody take it.
        if judged.send(block).is_err() || is_over {
            return Ok(judge.into_codes());
        }
    }
}
