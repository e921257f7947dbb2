//! One roster, written in every dialect that people use, is read as the same roster.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use seatload::catalog::{self, Catalog};
use seatload::input::{ColumnChoice, Format, InputError, RowReader, parse_encoding};
use seatload::plan::Plan;
use seatload::roster::{Roster, RosterBuilder, RowOptions};

const CODES: [&str; 4] = ["IDU", "PMD", "ATTUNU", "TSTNU"];

const FIRST_COLUMNS: [&str; 3] = ["Note, or \"remark\"", "User ID", "External"];

/// The content of the column that is ignored.
const NOTE: &str = "ä, ö;\t|\nü \"x\"";

/// A user ID, its codes as indices of `CODES`, and its external flag.
type User = (String, Vec<usize>, bool);

#[derive(Debug, Clone)]
struct Dialect {
    delimiter: char,
    newline: &'static str,
    /// A label for `--encoding`; UTF-8 by default.
    encoding: Option<&'static str>,
    has_mark: bool,
    quotes_all: bool,
    has_sep_line: bool,
    gives_delimiter: bool,
    is_wide: bool,
    by_name: bool,
    packing: Packing,
}

#[derive(Debug, Clone, Copy)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Dialect {
    const PLAIN: Self = Self {
        delimiter: ',',
        newline: "\n",
        encoding: None,
        has_mark: false,
        quotes_all: false,
        has_sep_line: false,
        gives_delimiter: false,
        is_wide: false,
        by_name: false,
        packing: Packing::None,
    };

    fn format(&self) -> Format {
        Format {
            encoding: self.encoding.map(|label| parse_encoding(label).unwrap()),
            delimiter: self.gives_delimiter.then_some(self.delimiter as u8),
            is_wide: self.is_wide,
            ..Format::default()
        }
    }

    fn cell(&self, text: &str) -> String {
        if self.quotes_all || text.contains([self.delimiter, '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    }

    fn line(&self, cells: &[String]) -> String {
        let cells: Vec<_> = cells.iter().map(|cell| self.cell(cell)).collect();
        cells.join(&self.delimiter.to_string()) + self.newline
    }

    fn code(&self, code: usize) -> String {
        match self.by_name {
            true => catalog::find(CODES[code]).unwrap().name.to_owned(),
            false => CODES[code].to_owned(),
        }
    }

    fn write(&self, rows: &[Vec<String>]) -> Vec<u8> {
        self.write_with(rows, "")
    }

    fn write_with(&self, rows: &[Vec<String>], padding: &str) -> Vec<u8> {
        let mut text = String::new();
        if self.has_sep_line {
            text = format!("sep={}{}", self.delimiter, self.newline);
        }
        for row in rows {
            text.push_str(&self.line(row));
        }
        text.push_str(padding);
        self.pack(self.encode(&text))
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        let text = format!("{mark}{text}");
        match self.encoding {
            None => text.into_bytes(),
            Some("utf-16le") => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Some("utf-16be") => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            // The IDs and notes are the same in Latin-1 and Windows-1252.
            Some(_) => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        }
    }

    fn pack(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.packing {
            Packing::None => bytes,
            Packing::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes).unwrap();
                encoder.finish().unwrap()
            }
            Packing::Zstd => zstd::encode_all(&bytes[..], 1).unwrap(),
        }
    }

    /// The header and rows of a roster. A long file has a row for each user and code, shuffled by `seed`.
    fn rows(&self, users: &[User], seed: u64) -> Vec<Vec<String>> {
        if self.is_wide {
            self.wide_rows(users)
        } else {
            self.long_rows(users, seed)
        }
    }

    fn wide_rows(&self, users: &[User]) -> Vec<Vec<String>> {
        let mut header = FIRST_COLUMNS.map(str::to_owned).to_vec();
        header.extend((0..CODES.len()).map(|code| self.code(code)));
        let mut rows = vec![header];
        rows.extend(users.iter().map(|(user, codes, external)| {
            let mut row = vec![NOTE.to_owned(), user.clone(), external.to_string()];
            let mark = |code| if codes.contains(&code) { "x" } else { "" };
            row.extend((0..CODES.len()).map(|code| mark(code).to_owned()));
            row
        }));
        rows
    }

    fn long_rows(&self, users: &[User], seed: u64) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (user, codes, external) in users {
            rows.extend(codes.iter().map(|&code| {
                let code = self.code(code);
                vec![NOTE.to_owned(), user.clone(), external.to_string(), code]
            }));
        }
        fastrand::Rng::with_seed(seed).shuffle(&mut rows);
        let mut header = FIRST_COLUMNS.map(str::to_owned).to_vec();
        header.push("License Code".to_owned());
        rows.insert(0, header);
        rows
    }
}

fn read(bytes: &[u8], format: &Format) -> Result<Roster, InputError> {
    let catalog = Catalog::default();
    let reader = RowReader::new(bytes, format, &catalog)?;
    RosterBuilder::new(&catalog, None, RowOptions::default()).build(reader)
}

/// The codes and external flag of each user.
fn assignments_of(roster: &Roster) -> BTreeMap<String, (Vec<String>, bool)> {
    let all = &roster.assignments;
    all.sendable_users()
        .map(|user| {
            let mut codes: Vec<_> = all.sets().codes(all.set(user)).map(str::to_owned).collect();
            codes.sort();
            (all.user_id(user).to_string(), (codes, all.external(user)))
        })
        .collect()
}

fn user_ids() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}-[0-9]{1,4}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[A-Z][a-zäöüé]{1,6}, [A-Z;|]{1,3}z",
    ]
}

fn rosters() -> impl Strategy<Value = Vec<User>> {
    let codes = prop::sample::subsequence(vec![0, 1, 2, 3], 1..=4);
    prop::collection::btree_map(user_ids(), (codes, any::<bool>()), 1..20).prop_map(|users| {
        let mut users: Vec<_> = users
            .into_iter()
            .map(|(user, (codes, flag))| (user, codes, flag))
            .collect();
        users.reverse();
        users
    })
}

fn dialects() -> impl Strategy<Value = Dialect> {
    let encodings = prop_oneof![
        Just((None, false)),
        Just((None, true)),
        Just((Some("utf-16le"), true)),
        Just((Some("utf-16be"), true)),
        Just((Some("utf-16le"), false)),
        Just((Some("windows-1252"), false)),
    ];
    (
        prop::sample::select(vec![',', ';', '\t', '|']),
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        encodings,
        prop::array::uniform5(any::<bool>()),
        prop::sample::select(vec![Packing::None, Packing::Gzip, Packing::Zstd]),
    )
        .prop_map(
            |(delimiter, newline, (encoding, has_mark), flags, packing)| {
                let [quotes_all, has_sep_line, gives_delimiter, is_wide, by_name] = flags;
                Dialect {
                    delimiter,
                    newline,
                    encoding,
                    has_mark,
                    quotes_all,
                    has_sep_line,
                    gives_delimiter,
                    is_wide,
                    by_name,
                    packing,
                }
            },
        )
}

proptest! {
    #[test]
    fn a_roster_in_any_dialect_encoding_and_order_is_read_as_the_same_roster(
        users in rosters(),
        dialect in dialects(),
        seed: u64,
    ) {
        let file = dialect.write(&dialect.rows(&users, seed));
        let roster = read(&file, &dialect.format()).unwrap();
        prop_assert_eq!(&roster.bad_rows, &[]);
        let expected: BTreeMap<_, _> = users
            .into_iter()
            .map(|(user, codes, external)| {
                let mut codes: Vec<_> = codes.into_iter().map(|code| CODES[code].to_owned()).collect();
                codes.sort();
                (user, (codes, external))
            })
            .collect();
        prop_assert_eq!(assignments_of(&roster), expected);
    }
}

/// What people and programs put around a table.
#[derive(Debug, Clone)]
struct Dress {
    /// Rows above the header.
    above: Vec<Vec<String>>,
    empty_columns_left: usize,
    user_name: &'static str,
    code_name: &'static str,
    /// The codes of a row are in two columns.
    has_two_code_columns: bool,
    has_totals: bool,
    padding: &'static str,
}

impl Dress {
    fn dress(&self, rows: &[Vec<String>]) -> Vec<Vec<String>> {
        let mut dressed: Vec<_> = { rows.iter() }.map(|row| self.dress_row(row)).collect();
        dressed[0][self.empty_columns_left + 1] = self.user_name.to_owned();
        dressed[0][self.empty_columns_left + 3] = self.code_name.to_owned();
        if self.has_two_code_columns {
            dressed[0][self.empty_columns_left + 4] = "Second".to_owned();
        }
        if self.has_totals {
            let mut totals = vec![String::new(); dressed[0].len()];
            totals[self.empty_columns_left] = "Total:".to_owned();
            totals[self.empty_columns_left + 3] = rows.len().to_string();
            dressed.push(totals);
        }
        self.above.iter().cloned().chain(dressed).collect()
    }

    fn dress_row(&self, row: &[String]) -> Vec<String> {
        let mut dressed = vec![String::new(); self.empty_columns_left];
        dressed.extend_from_slice(row);
        if self.has_two_code_columns {
            // The code moves to the second column in every other row.
            let place = self.empty_columns_left + 3;
            let is_moved = row[1].len().is_multiple_of(2);
            dressed.push(String::new());
            if is_moved {
                dressed.swap(place, place + 1);
            }
        }
        dressed
    }

    fn format(&self, format: Format) -> Format {
        let choices = [self.code_name, "Second"].map(|name| ColumnChoice(name.to_owned()));
        Format {
            code_columns: match self.has_two_code_columns {
                true => choices.into(),
                false => Vec::new(),
            },
            ..format
        }
    }
}

fn dresses() -> impl Strategy<Value = Dress> {
    let cell = prop::sample::select(vec![
        "New starters, Q4",
        "# exported by hr-tool",
        "2026-11-01",
        "version:v1.0",
        "",
        "Users: 3",
    ]);
    let row = prop::collection::vec(cell.prop_map(str::to_owned), 1..4);
    (
        prop::collection::vec(row, 0..6),
        0_usize..3,
        prop::sample::select(vec![
            "userId",
            "User ID",
            "\u{200b}user_id",
            "User [userId] required",
            "Login\n(UPN)",
        ]),
        prop::sample::select(vec![
            "License Code",
            "Licence",
            "SKU",
            "Bundle\ncode",
            "Product [userBundleCodes]",
        ]),
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(vec!["", "\u{1a}", "\0\0\0\0\0\0", "\n\n\u{1a}"]),
    )
        .prop_map(|dress| {
            let (above, empty_columns_left, user_name, code_name, two, has_totals, padding) = dress;
            Dress {
                above,
                empty_columns_left,
                user_name,
                code_name,
                has_two_code_columns: two,
                has_totals,
                padding,
            }
        })
}

proptest! {
    #[test]
    fn a_table_that_is_dressed_up_is_read_as_the_plain_one(
        users in rosters(),
        dialect in dialects(),
        dress in dresses(),
        seed: u64,
    ) {
        // In UTF-16, the invisible character cannot be lost; in Latin-1 it cannot be written.
        prop_assume!(dialect.encoding != Some("windows-1252") || dress.user_name.is_ascii());
        let dialect = Dialect { is_wide: false, ..dialect };
        let rows = dialect.long_rows(&users, seed);
        let plain = Dialect::PLAIN.write(&rows);
        let plain = read(&plain, &Format::default()).unwrap();
        let file = dialect.write_with(&dress.dress(&rows), dress.padding);
        let roster = read(&file, &dress.format(dialect.format())).unwrap();
        let totals = usize::from(dress.has_totals);
        prop_assert_eq!(roster.bad_rows.len(), totals, "{:?}", roster.bad_rows);
        prop_assert_eq!(assignments_of(&roster), assignments_of(&plain));
    }
}

/// The batches of a roster: codes, flag and users of each.
fn plan(roster: &Roster) -> Vec<(Vec<String>, bool, Vec<String>)> {
    let all = &roster.assignments;
    let plan = Plan::new(all, all.sendable_users(), NonZeroUsize::new(100).unwrap());
    plan.batches()
        .iter()
        .map(|batch| {
            let users = plan.users(batch);
            let mut codes: Vec<_> = all
                .sets()
                .codes(all.set(users[0]))
                .map(str::to_owned)
                .collect();
            codes.sort();
            let external = all.external(users[0]);
            (
                codes,
                external,
                users
                    .iter()
                    .map(|&user| all.user_id(user).to_string())
                    .collect(),
            )
        })
        .collect()
}

fn workbook(rows: &[Vec<String>]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (line, row) in rows.iter().enumerate() {
        for (place, cell) in row.iter().enumerate() {
            sheet
                .write_string(line as u32, place as u16, cell.as_str())
                .unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_same_20_000_users_make_the_same_plan_in_every_kind_of_file() {
    let mut random = fastrand::Rng::with_seed(4);
    let users: Vec<User> = (0..20_000)
        .map(|_| {
            let guid = uuid::Uuid::from_u128(random.u128(..)).to_string();
            let codes = (0..CODES.len()).filter(|_| random.bool());
            let mut codes: Vec<_> = codes.collect();
            if codes.is_empty() {
                codes.push(random.usize(..CODES.len()));
            }
            (guid, codes, random.u8(..) < 8)
        })
        .collect();
    let plain = Dialect::PLAIN;
    // One row a user, so that every file has the users in the same order.
    let in_one_cell = |row: &User| {
        let codes: Vec<_> = row.1.iter().map(|&code| CODES[code]).collect();
        vec![row.0.clone(), row.2.to_string(), codes.join("|")]
    };
    let header = vec![
        "userId".to_owned(),
        "external".to_owned(),
        "codes".to_owned(),
    ];
    let short: Vec<_> = std::iter::once(header)
        .chain(users.iter().map(in_one_cell))
        .collect();
    let mut long = plain.rows(&users, 0);
    let place: BTreeMap<_, _> = users
        .iter()
        .zip(0..)
        .map(|(row, place)| (&row.0, place))
        .collect();
    long[1..].sort_by_key(|row| place[&row[1]]);

    let expected = plan(&read(&plain.write(&short), &plain.format()).unwrap());
    assert_eq!(
        expected.iter().map(|batch| batch.2.len()).sum::<usize>(),
        20_000
    );
    let wide = Dialect {
        is_wide: true,
        delimiter: ';',
        ..plain.clone()
    };
    let utf16 = Dialect {
        encoding: Some("utf-16le"),
        has_mark: true,
        delimiter: '\t',
        ..plain.clone()
    };
    let gzip = Dialect {
        packing: Packing::Gzip,
        ..plain.clone()
    };
    for (name, file, format) in [
        ("UTF-16", utf16.write(&short), Format::default()),
        ("gzip", gzip.write(&short), Format::default()),
        ("long", plain.write(&long), Format::default()),
        ("wide", wide.write(&wide.rows(&users, 0)), wide.format()),
        ("xlsx", workbook(&short), Format::default()),
        ("wide xlsx", workbook(&wide.rows(&users, 0)), wide.format()),
    ] {
        let roster = read(&file, &format).unwrap();
        assert_eq!(roster.bad_rows, [], "{name}");
        assert!(plan(&roster) == expected, "{name}");
    }
}

/// Returns the same byte forever, and counts.
struct Endless<'a> {
    start: &'a [u8],
    byte: u8,
    given: &'a std::sync::atomic::AtomicUsize,
}

impl std::io::Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = match self.start.read(buffer)? {
            0 => {
                buffer.fill(self.byte);
                buffer.len()
            }
            read => read,
        };
        self.given
            .fetch_add(read, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

#[test]
fn an_endless_input_is_an_error_that_names_the_line_after_a_bounded_read() {
    let given = std::sync::atomic::AtomicUsize::new(0);
    for (start, byte, message) in [
        ("", b'x', "line 1: the row is longer than 4 MiB"),
        (
            "userId,code\na,IDU\nb,",
            b'x',
            "line 3: the row is longer than 4 MiB",
        ),
        (
            "userId,code\na,IDU\n",
            b',',
            "line 3: the row is longer than 4 MiB",
        ),
        (
            "userId,code\na,IDU\n",
            b'\n',
            "line 3: the row is longer than 4 MiB",
        ),
        (
            "userId,code\na,\"two\nlines\"\nb,\"",
            b'\n',
            "line 4: a quote is opened but never closed",
        ),
        (
            "userId,code\na,\"two\nlines\",\"\n",
            b'x',
            "line 3: a quote is opened but never closed",
        ),
    ] {
        given.store(0, std::sync::atomic::Ordering::Relaxed);
        let endless = Endless {
            start: start.as_bytes(),
            byte,
            given: &given,
        };
        let catalog = Catalog::default();
        let error = match RowReader::new(endless, &Format::default(), &catalog) {
            Err(error) => error,
            Ok(mut reader) => loop {
                if let Err(error) = reader.next_row() {
                    break error;
                }
            },
        };
        let error = error.to_string();
        assert!(error.starts_with(message), "{start}: {error}");
        let given = given.load(std::sync::atomic::Ordering::Relaxed);
        assert!(given < 6 * 1024 * 1024, "{start}: {given}");
    }
}
