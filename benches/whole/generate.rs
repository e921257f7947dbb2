//! Inputs of any size, the same for the same seed.

use std::io::{self, Write};

use fastrand::Rng;

const CODES: [&str; 8] = [
    "ACNU", "ATTUNU", "CTZDEVNU", "IDU", "PMBU", "PMD", "RPADEVNU", "TSTNU",
];

/// Writes a file of GUIDs and codes: so many rows, which name so many users in no order.
///
/// # Panics
/// When there are fewer rows than users.
pub(crate) fn input(out: &mut impl Write, rows: usize, users: usize, seed: u64) -> io::Result<()> {
    assert!(rows >= users, "a user needs a row");
    let mut random = Rng::with_seed(seed);
    let guids: Vec<u128> = (0..users).map(|_| random.u128(..)).collect();
    // Every user has a row, and the others are of anybody.
    let mut named: Vec<u32> = (0..users as u32).collect();
    named.resize_with(rows, || random.u32(0..users as u32));
    random.shuffle(&mut named);
    out.write_all(b"userId,userBundleCode\n")?;
    for user in named {
        let guid = uuid::Uuid::from_u128(guids[user as usize]);
        writeln!(out, "{guid},{}", CODES[random.usize(..CODES.len())])?;
    }
    Ok(())
}

/// Writes a file of GUIDs who all get the same code.
pub(crate) fn same_for_all(out: &mut impl Write, users: usize, seed: u64) -> io::Result<()> {
    let mut random = Rng::with_seed(seed);
    out.write_all(b"userId,userBundleCode\n")?;
    for _ in 0..users {
        writeln!(out, "{},IDU", uuid::Uuid::from_u128(random.u128(..)))?;
    }
    Ok(())
}
