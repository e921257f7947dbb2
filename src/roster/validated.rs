//! Rows as they are judged, packed, on their way from the thread that reads them to the one that folds them.

use std::ops::Range;

use crate::roster::bundle_sets::CodeIndex;
use crate::roster::row_error::BadRow;
use crate::roster::users::NamedBy;
use crate::user_id::UserKey;

/// What a good row asks for but for its codes, and its cells, for the case that another row of its user contradicts it.
#[derive(Debug)]
pub struct Ask<'a> {
    pub line: u32,
    pub user_id: &'a str,
    pub key: UserKey<'a>,
    pub named_by: NamedBy,
    pub external: bool,
    pub priority: f64,
    pub cells: AskedCells<'a>,
}

/// The cells of a good row as the file has them.
#[derive(Debug)]
pub struct AskedCells<'a> {
    /// Empty where it is the user's ID.
    pub user: &'a str,
    pub codes: &'a str,
    /// Empty where the file has no such column.
    pub external: &'a str,
}

/// A bad row, and the user IDs of all whom it may be about: they are withheld.
#[derive(Debug)]
pub struct Refused {
    pub row: BadRow,
    /// Those whom it names where user IDs stand.
    pub named: Vec<String>,
    pub suspects: Vec<String>,
}

/// Some rows that stand one behind the other.
#[derive(Debug, Default)]
pub struct Block {
    pub rows: Vec<Judged>,
    ids: String,
    cells: String,
    codes: Vec<CodeIndex>,
    refused: Vec<Refused>,
}

/// What has been made of a row.
#[derive(Debug)]
pub enum Judged {
    Good(PackedAsk),
    Bad(u32),
}

/// What a good row asks for, with the places of its texts and codes in its block: so millions of them cost no allocations,
/// and each takes one line of the processor's cache.
#[derive(Debug)]
pub struct PackedAsk {
    guid: u128,
    pub priority: f64,
    pub line: u32,
    id: Range<u32>,
    codes: Range<u32>,
    /// The cells stand one behind the other.
    user: u32,
    written_codes: u32,
    external_cell: Range<u32>,
    is_guid: bool,
    pub named_by: NamedBy,
    pub external: bool,
}

impl Block {
    /// How many bytes its rows' cells have.
    pub fn bytes(&self) -> usize {
        self.cells.len()
    }

    /// Forgets its rows, and keeps the room for as many.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.ids.clear();
        self.cells.clear();
        self.codes.clear();
        self.refused.clear();
    }

    pub fn add_refused(&mut self, refused: Refused) {
        self.rows.push(Judged::Bad(place(self.refused.len())));
        self.refused.push(refused);
    }

    pub fn add(&mut self, ask: &Ask<'_>, asked: &[CodeIndex]) {
        let id = put(&mut self.ids, ask.user_id);
        let codes = place(self.codes.len());
        self.codes.extend_from_slice(asked);
        let (is_guid, guid) = match ask.key {
            UserKey::Guid(guid) => (true, guid),
            UserKey::Text(_) => (false, 0),
        };
        self.rows.push(Judged::Good(PackedAsk {
            guid,
            priority: ask.priority,
            line: ask.line,
            id,
            codes: codes..place(self.codes.len()),
            user: put(&mut self.cells, ask.cells.user).start,
            written_codes: put(&mut self.cells, ask.cells.codes).start,
            external_cell: put(&mut self.cells, ask.cells.external),
            is_guid,
            named_by: ask.named_by,
            external: ask.external,
        }));
    }

    pub fn refused(&self, at: u32) -> &Refused {
        &self.refused[at as usize]
    }

    pub fn user_id(&self, ask: &PackedAsk) -> &str {
        cut(&self.ids, ask.id.start, ask.id.end)
    }

    /// What is the user's identity. A GUID's text need not be looked at.
    pub fn key(&self, ask: &PackedAsk) -> UserKey<'_> {
        match ask.is_guid {
            true => UserKey::Guid(ask.guid),
            false => UserKey::Text(self.user_id(ask)),
        }
    }

    pub fn codes(&self, ask: &PackedAsk) -> &[CodeIndex] {
        &self.codes[ask.codes.start as usize..ask.codes.end as usize]
    }

    pub fn cells(&self, ask: &PackedAsk) -> AskedCells<'_> {
        AskedCells {
            user: cut(&self.cells, ask.user, ask.written_codes),
            codes: cut(&self.cells, ask.written_codes, ask.external_cell.start),
            external: cut(&self.cells, ask.external_cell.start, ask.external_cell.end),
        }
    }
}

/// Adds a text to others, and tells its place among them.
fn put(texts: &mut String, text: &str) -> Range<u32> {
    let start = place(texts.len());
    texts.push_str(text);
    start..place(texts.len())
}

fn cut(texts: &str, start: u32, end: u32) -> &str {
    &texts[start as usize..end as usize]
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a block holds little more than a record")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_one_line_of_the_cache() {
        assert!(size_of::<Judged>() <= 64, "{}", size_of::<Judged>());
    }
}
