//! The e-mail addresses that an input names.

use std::collections::HashSet;

use crate::input::{InputError, RowReader};
use crate::user_id::email_addresses;

/// Every address in the user column, and in rows that cannot be read: in lower case, each once, in the file's order.
///
/// # Errors
/// When the input cannot be read to its end.
pub fn addresses(mut rows: RowReader<'_>) -> Result<Vec<String>, InputError> {
    let mut known = HashSet::new();
    let mut addresses = Vec::new();
    while let Some(row) = rows.next_row()? {
        let unreadable = row.unreadable.iter().flat_map(|row| &row.possible_users);
        let cells = unreadable
            .map(String::as_str)
            .chain([row.cells.user.as_ref()]);
        for address in cells.flat_map(email_addresses) {
            let address = address.to_lowercase();
            if known.insert(address.clone()) {
                addresses.push(address);
            }
        }
    }
    Ok(addresses)
}
