//! What rows become.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::catalog::Catalog;
use crate::input::{Format, RowReader};

/// The roster of a file.
pub fn roster(file: &str) -> Roster {
    read(file, false, false)
}

/// The roster of a file that says what users hold.
pub fn current_licenses(file: &str) -> Roster {
    read(file, false, true)
}

fn roster_with_default(file: &str, external: bool) -> Roster {
    read(file, external, false)
}

fn read(file: &str, default_external: bool, allows_empty: bool) -> Roster {
    let catalog = Catalog::default();
    let reader = RowReader::new(file.as_bytes(), &Format::default(), &catalog).unwrap();
    let options = RowOptions {
        default_external,
        allows_empty,
        ..RowOptions::default()
    };
    let builder = RosterBuilder::new(&catalog, None, options);
    builder.build(reader).unwrap()
}

/// `user=CODES` of every user that can be sent, in order.
fn good(roster: &Roster) -> Vec<String> {
    let all = &roster.assignments;
    all.sendable_users()
        .map(|user| {
            let flag = if all.external(user) { "!" } else { "" };
            format!(
                "{}={}{flag}",
                all.user_id(user),
                all.sets().codes_text(all.set(user))
            )
        })
        .collect()
}

fn row_errors(roster: &Roster) -> Vec<String> {
    roster
        .bad_rows
        .iter()
        .map(|bad| format!("{}: {}", bad.line, bad.error))
        .collect()
}

#[test]
fn rows_of_a_user_become_one_assignment_wherever_they_are() {
    let roster = roster("userId,code\na,IDU\nb,PMD\na,PMD\na,IDU\n");
    assert_eq!(good(&roster), ["a=IDU;PMD", "b=PMD"]);
    assert_eq!(roster.rows, 4);
}

#[test]
fn several_codes_in_a_cell_are_split_at_semicolons_bars_and_commas() {
    let roster = roster("userId,codes\na,IDU;PMD | ATTUNU\nb,\"TSTNU, idu\"\n");
    assert_eq!(good(&roster), ["a=IDU;PMD;ATTUNU", "b=IDU;TSTNU"]);
}

#[test]
fn codes_are_in_the_order_in_which_the_file_first_names_them() {
    let roster = roster("userId,code\na,TSTNU\na,ATTUNU\nb,ATTUNU\nb,TSTNU\n");
    assert_eq!(good(&roster), ["a=TSTNU;ATTUNU", "b=TSTNU;ATTUNU"]);
    assert_eq!(
        roster.assignments.set(UserIndex::from_index(0)),
        roster.assignments.set(UserIndex::from_index(1))
    );
}

#[test]
fn spellings_of_one_guid_are_one_user_with_the_first_spelling() {
    let roster = roster(
        "userId,code\n{0F8FAD5B-D9CB-469F-A165-70867728950E},IDU\n0f8fad5b-d9cb-469f-a165-70867728950e,PMD\n",
    );
    assert_eq!(
        good(&roster),
        ["{0F8FAD5B-D9CB-469F-A165-70867728950E}=IDU;PMD"]
    );
}

#[test]
fn a_user_with_a_bad_row_is_skipped_as_a_whole() {
    let roster = roster("userId,code\na,IDU\nb,PMD\na,OFFICE\na,TSTNU\n");
    assert_eq!(good(&roster), ["b=PMD"]);
    assert_eq!(
        row_errors(&roster),
        [
            "4: unknown bundle code \"OFFICE\" in column \"code\"; `seatload codes` lists the known codes, --allow-code accepts a new one"
        ]
    );
    let all = &roster.assignments;
    let skipped: Vec<_> = roster
        .skipped
        .iter()
        .map(|&(user, _)| all.sets().codes_text(all.set(user)))
        .collect();
    assert_eq!(skipped, ["IDU;TSTNU"]);
}

#[test]
fn a_user_is_skipped_even_if_its_bad_row_comes_first() {
    let roster = roster("userId,code\na,\na,IDU\n");
    assert!(good(&roster).is_empty());
    assert_eq!(roster.skipped.len(), 1);
}

#[test]
fn a_contradiction_names_the_users_first_good_row_even_below_a_bad_one() {
    let rows =
        "userId,code,external\na,OFFICE,true\nb,IDU,true\na,IDU,true\na,PMD,false\nb,PMD,false\n";
    let errors = row_errors(&roster(rows));
    assert!(
        errors[1].starts_with("5: ") && errors[1].contains("true on line 4"),
        "{errors:?}"
    );
    assert!(
        errors[2].starts_with("6: ") && errors[2].contains("true on line 3"),
        "{errors:?}"
    );
}

#[test]
fn a_user_is_skipped_whatever_marks_its_bad_row_puts_around_its_id() {
    let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for (user, damaged) in [
        ("0012", "=\"0012\"".to_owned()),
        ("ann", "=ann".to_owned()),
        ("ann", "ann\\u{200b}".to_owned()),
        (guid, format!("=\"{guid}\"")),
        (guid, format!("({guid})")),
        (guid, format!("[{guid}]")),
        (guid, format!("{guid}.")),
        (guid, format!("urn:uuid:{guid}")),
        (guid, guid.replace('-', " ")),
    ] {
        let cell = damaged.replace('"', "\"\"");
        let roster = roster(&format!("userId,code\n{user},IDU\n\"{cell}\",PMD\n"));
        assert!(good(&roster).is_empty(), "{damaged}");
        assert_eq!(roster.skipped.len(), 1, "{damaged}");
    }
}

#[test]
fn a_user_is_skipped_if_a_bad_row_has_its_id_in_another_column_or_inside_a_cell() {
    let shifted = roster("name,userId,code\nSmith, John,u1,IDU\nJohn,u1,PMD\nAnn,u2,PMD\n");
    assert_eq!(good(&shifted), ["u2=PMD"]);
    let swallowed = roster("userId,code\na,\"IDU\nb,IDU\nc,\"PMD\nb,PMD\nd,PMD\n");
    assert_eq!(good(&swallowed), ["d=PMD"]);
    assert_eq!(swallowed.skipped.len(), 1);
}

#[test]
fn each_kind_of_bad_row_says_what_is_wrong_and_where() {
    let roster = roster(concat!(
        "User ID,code,external\n",
        ",IDU,\n",
        "a,,\n",
        "b,RPADEVUN,\n",
        "c,IDU,maybe\n",
        "d,IDU\n",
        "e,IDU,,x\n",
        "f\u{7}g,IDU,\n",
        "h,;|,\n",
    ));
    assert_eq!(
        row_errors(&roster),
        [
            "2: no user ID in column \"User ID\"",
            "3: no bundle code in column \"code\"; to take all licences from a user, write `remove`",
            "4: unknown bundle code \"RPADEVUN\" in column \"code\"; did you mean RPADEVNU?",
            "5: \"maybe\" in column \"external\" is neither true nor false",
            "6: 2 columns, expected 3; check the delimiter",
            "7: 4 columns, expected 3; put quotes around a cell that contains the delimiter",
            "8: the user ID in column \"User ID\", \"f\\u{7}g\", contains an unprintable character, U+0007; remove it",
            "9: no bundle code in column \"code\"; to take all licences from a user, write `remove`",
        ]
    );
    assert_eq!(roster.sendable_count, 0);
}

#[test]
fn cells_beyond_the_last_column_are_kept_with_the_codes() {
    let roster = roster("userId,code\na,IDU,ATTUNU, ,PMD\n");
    assert_eq!(roster.bad_rows[0].codes, "IDU;ATTUNU;PMD");
}

#[test]
fn a_user_id_of_more_than_256_bytes_is_a_bad_row() {
    let roster = roster(&format!(
        "userId,code\n{},IDU\n{},IDU\n",
        "x".repeat(256),
        "y".repeat(257)
    ));
    assert_eq!(roster.sendable_count, 1);
    assert_eq!(
        row_errors(&roster),
        [format!(
            "3: the user ID in column \"userId\", \"{}…\", has 257 bytes; the maximum is 256",
            "y".repeat(60)
        )]
    );
}

#[test]
fn conflicting_external_flags_are_a_bad_row_that_names_the_other_line() {
    let roster = roster("userId,code,external\na,IDU,true\nb,IDU,\na,PMD,no\n");
    assert_eq!(good(&roster), ["b=IDU"]);
    assert_eq!(
        row_errors(&roster),
        [
            "4: useExternalLicense is false here and true on line 2; use one value for all rows of a user"
        ]
    );
}

#[test]
fn a_row_without_a_flag_gets_the_default() {
    assert_eq!(
        good(&roster_with_default(
            "userId,code,external\na,IDU,\nb,IDU,no\n",
            true
        )),
        ["a=IDU!", "b=IDU"]
    );
    assert_eq!(
        good(&roster_with_default("userId,code\na,IDU\n", true)),
        ["a=IDU!"]
    );
}

proptest! {
    /// Whatever the order of the rows, each user ends with exactly the codes that its rows name.
    #[test]
    fn each_user_gets_exactly_the_codes_of_its_rows(
        rows in prop::collection::vec((0_u8..8, 0_usize..4, 0_u8..20), 0..60),
    ) {
        const CODES: [&str; 4] = ["IDU", "PMD", "ATTUNU", "TSTNU"];
        let mut file = String::from("userId,code\n");
        let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut spoilt = BTreeSet::new();
        for &(user, code, luck) in &rows {
            let user = format!("user-{user}");
            if luck == 0 {
                file.push_str(&format!("{user},NONSENSE\n"));
                spoilt.insert(user);
            } else {
                file.push_str(&format!("{user},{}\n", CODES[code]));
                wanted.entry(user).or_default().insert(CODES[code]);
            }
        }
        let roster = roster(&file);
        let all = &roster.assignments;
        let held = |user: UserIndex| -> (String, BTreeSet<&str>) {
            (all.user_id(user).to_string(), all.sets().codes(all.set(user)).collect())
        };
        let good: BTreeMap<_, _> = all.sendable_users().map(held).collect();
        let withheld: BTreeMap<_, _> = roster.skipped.iter().map(|&(user, _)| held(user)).collect();
        let (bad_wanted, good_wanted): (BTreeMap<_, _>, BTreeMap<_, _>) =
            wanted.into_iter().partition(|(user, _)| spoilt.contains(user));
        prop_assert_eq!(good, good_wanted);
        prop_assert_eq!(withheld, bad_wanted);
    }
}

#[test]
fn rows_go_in_the_files_order_however_many_there_are() {
    let mut file = String::from("userId,codes,external\n");
    for row in 0..20_000 {
        let user = row % 7_000;
        let line = match row % 1_000 {
            // Every thousandth row names a code that there is not, and withholds its user.
            999 => format!("u{user},NONSENSE,false\n"),
            // The first time it is good; later it contradicts the user's first row.
            500 if row >= 7_000 => format!("u{user},PMD,true\n"),
            _ => format!("u{user},{},false\n", ["IDU", "PMD", "TSTNU"][row % 3]),
        };
        file.push_str(&line);
    }
    let roster = roster(&file);
    assert_eq!(roster.rows, 20_000);
    let bad: Vec<_> = roster.bad_rows.iter().map(|bad| bad.line).collect();
    let expected: Vec<_> = (0..20_000_u32)
        .filter(|row| row % 1_000 == 999 || (row % 1_000 == 500 && *row >= 7_000))
        .map(|row| row + 2)
        .collect();
    assert_eq!(bad, expected);
    let all = &roster.assignments;
    assert_eq!(all.len(), 7_000);
    for (place, user) in all.users().enumerate() {
        assert_eq!(all.user_id(user).to_string(), format!("u{place}"));
        assert_eq!(all.line(user) as usize, place + 2);
    }
    // Of each bad row one user, and some of them twice.
    let withheld: std::collections::HashSet<_> =
        expected.iter().map(|line| (line - 2) % 7_000).collect();
    assert_eq!(roster.sendable_count, 7_000 - withheld.len());
}
