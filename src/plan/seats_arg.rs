//! Seats by code as the value of a flag: `RPADEVNU=50,ATTUNU=20`.

use std::collections::BTreeMap;

use crate::catalog::{self, Catalog};

/// Parses seats such as `RPADEVNU=50,ATTUNU=20`.
///
/// # Errors
/// When a code is misspelt, named twice, or has no number.
pub fn parse_seats(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let mut seats = BTreeMap::new();
    for pair in text.split(',').map(str::trim) {
        let (code, total) = pair
            .split_once('=')
            .and_then(|(code, total)| Some((code.trim(), total.trim().parse().ok()?)))
            .ok_or_else(|| {
                format!("`{pair}` is not a code and a number of seats, such as ATTUNU=20")
            })?;
        // The service may have codes that the catalog lacks, but a code similar to a known one is a typing error.
        let code = match (catalog::find(code), Catalog::default().suggest(code)) {
            (Some(entry), _) => entry.code,
            (None, Some(meant)) => return Err(format!("`{code}`: did you mean {meant}?")),
            (None, None) if code.is_empty() => return Err("a code is missing before =".to_owned()),
            (None, None) => code,
        };
        if seats.insert(code.to_owned(), total).is_some() {
            return Err(format!("{code} is given twice"));
        }
    }
    Ok(seats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_read_by_code() {
        let seats = parse_seats("RPADEVNU=50, attunu=20").unwrap();
        assert_eq!(
            seats,
            BTreeMap::from([("ATTUNU".into(), 20), ("RPADEVNU".into(), 50)])
        );
        for wrong in [
            "",
            "IDU",
            "IDU=",
            "IDU=-1",
            "ATTUNUU=1",
            "=1",
            "IDU=1,idu=2",
        ] {
            assert!(parse_seats(wrong).is_err(), "{wrong}");
        }
    }
}
