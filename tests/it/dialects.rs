//! One roster, written in all the ways that people send it, reads back as the same.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use seatload::catalog::{self, Catalog};
use seatload::input::{Format, InputError, RowReader};
use seatload::plan::Plan;
use seatload::roster::{Roster, RosterBuilder};

const CODES: [&str; 4] = ["IDU", "PMD", "ATTUNU", "TSTNU"];

/// A user, its codes as places in `CODES`, and its external flag.
type Wanted = (String, Vec<usize>, bool);

#[derive(Debug, Clone)]
struct Dialect {
    delimiter: char,
    newline: &'static str,
    /// As `--encoding` names it; none is UTF-8.
    encoding: Option<&'static str>,
    has_mark: bool,
    quotes_all: bool,
    has_sep_line: bool,
    is_told: bool,
    is_wide: bool,
    by_name: bool,
    pack: Pack,
}

#[derive(Debug, Clone, Copy)]
enum Pack {
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
        is_told: false,
        is_wide: false,
        by_name: false,
        pack: Pack::None,
    };

    fn format(&self) -> Format {
        Format {
            encoding: self.encoding.map(|label| label.parse().unwrap()),
            delimiter: self.is_told.then_some(self.delimiter as u8),
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
        let mut text = String::new();
        if self.has_sep_line {
            text = format!("sep={}{}", self.delimiter, self.newline);
        }
        for row in rows {
            text.push_str(&self.line(row));
        }
        self.pack(self.encode(&text))
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        let text = format!("{mark}{text}");
        match self.encoding {
            None => text.into_bytes(),
            Some("utf-16le") => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Some("utf-16be") => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            // What the IDs and notes hold is the same in Latin-1.
            Some(_) => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        }
    }

    fn pack(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.pack {
            Pack::None => bytes,
            Pack::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes).unwrap();
                encoder.finish().unwrap()
            }
            Pack::Zstd => zstd::encode_all(&bytes[..], 1).unwrap(),
        }
    }

    /// The rows of a roster, header included; a long file has a row for each user and code, `mix` deals them out.
    fn rows(&self, wanted: &[Wanted], mix: u64) -> Vec<Vec<String>> {
        let text = |text: &str| text.to_owned();
        let mut header = vec![
            text("Note, or \"remark\""),
            text("User ID"),
            text("External"),
        ];
        let note = text("ä, ö;\t|\nü \"x\"");
        if self.is_wide {
            header.extend((0..CODES.len()).map(|code| self.code(code)));
            let row = |(user, codes, external): &Wanted| {
                let marks = (0..CODES.len()).map(|code| match codes.contains(&code) {
                    true => text("x"),
                    false => String::new(),
                });
                let mut row = vec![note.clone(), user.clone(), external.to_string()];
                row.extend(marks);
                row
            };
            return std::iter::once(header)
                .chain(wanted.iter().map(row))
                .collect();
        }
        header.push(text("License Code"));
        let mut rows: Vec<_> = wanted
            .iter()
            .flat_map(|(user, codes, external)| {
                let row = |&code: &usize| {
                    vec![
                        note.clone(),
                        user.clone(),
                        external.to_string(),
                        self.code(code),
                    ]
                };
                codes.iter().map(row).collect::<Vec<_>>()
            })
            .collect();
        let mut random = fastrand::Rng::with_seed(mix);
        random.shuffle(&mut rows);
        rows.insert(0, header);
        rows
    }
}

fn read(bytes: &[u8], format: &Format) -> Result<Roster, InputError> {
    let catalog = Catalog::default();
    let reader = RowReader::new(bytes, format, &catalog)?;
    RosterBuilder::new(&catalog, None, false).fold(reader)
}

/// What every user shall hold, whatever the order.
fn asked(roster: &Roster) -> BTreeMap<String, (Vec<String>, bool)> {
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

fn rosters() -> impl Strategy<Value = Vec<Wanted>> {
    let codes = prop::sample::subsequence(vec![0, 1, 2, 3], 1..=4);
    prop::collection::btree_map(user_ids(), (codes, any::<bool>()), 1..20).prop_map(|users| {
        let mut wanted: Vec<_> = users
            .into_iter()
            .map(|(user, (codes, flag))| (user, codes, flag))
            .collect();
        // Spellings of a GUID that differ in case alone cannot come up, and equal ones are one key.
        wanted.reverse();
        wanted
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
        prop::sample::select(vec![Pack::None, Pack::Gzip, Pack::Zstd]),
    )
        .prop_map(|(delimiter, newline, (encoding, has_mark), flags, pack)| {
            let [quotes_all, has_sep_line, is_told, is_wide, by_name] = flags;
            Dialect {
                delimiter,
                newline,
                encoding,
                has_mark,
                quotes_all,
                has_sep_line,
                is_told,
                is_wide,
                by_name,
                pack,
            }
        })
}

proptest! {
    #[test]
    fn a_roster_written_in_any_dialect_encoding_and_order_reads_back_as_the_same(
        wanted in rosters(),
        dialect in dialects(),
        mix: u64,
    ) {
        let file = dialect.write(&dialect.rows(&wanted, mix));
        let roster = read(&file, &dialect.format()).unwrap();
        prop_assert_eq!(&roster.bad_rows, &[]);
        let expected: BTreeMap<_, _> = wanted
            .into_iter()
            .map(|(user, codes, external)| {
                let mut codes: Vec<_> = codes.into_iter().map(|code| CODES[code].to_owned()).collect();
                codes.sort();
                (user, (codes, external))
            })
            .collect();
        prop_assert_eq!(asked(&roster), expected);
    }
}

/// The requests that a roster comes to: codes, flag and users of each.
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
fn the_same_100_000_users_come_to_the_same_plan_in_every_kind_of_file() {
    let mut random = fastrand::Rng::with_seed(4);
    let wanted: Vec<Wanted> = (0..100_000)
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
    let in_one_cell = |row: &Wanted| {
        let codes: Vec<_> = row.1.iter().map(|&code| CODES[code]).collect();
        vec![row.0.clone(), row.2.to_string(), codes.join("|")]
    };
    let header = vec![
        "userId".to_owned(),
        "external".to_owned(),
        "codes".to_owned(),
    ];
    let short: Vec<_> = std::iter::once(header)
        .chain(wanted.iter().map(in_one_cell))
        .collect();
    let mut long = plain.rows(&wanted, 0);
    let place: BTreeMap<_, _> = wanted
        .iter()
        .zip(0..)
        .map(|(row, place)| (&row.0, place))
        .collect();
    long[1..].sort_by_key(|row| place[&row[1]]);

    let expected = plan(&read(&plain.write(&short), &plain.format()).unwrap());
    assert_eq!(
        expected.iter().map(|batch| batch.2.len()).sum::<usize>(),
        100_000
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
        pack: Pack::Gzip,
        ..plain.clone()
    };
    for (name, file, format) in [
        ("UTF-16", utf16.write(&short), Format::default()),
        ("gzip", gzip.write(&short), Format::default()),
        ("long", plain.write(&long), Format::default()),
        ("wide", wide.write(&wide.rows(&wanted, 0)), wide.format()),
        ("xlsx", workbook(&short), Format::default()),
        ("wide xlsx", workbook(&wide.rows(&wanted, 0)), wide.format()),
    ] {
        let roster = read(&file, &format).unwrap();
        assert_eq!(roster.bad_rows, [], "{name}");
        assert!(plan(&roster) == expected, "{name}");
    }
}

/// Gives the same byte for ever, and counts.
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
fn an_input_without_end_is_an_error_that_names_the_line_after_a_bounded_look() {
    let given = std::sync::atomic::AtomicUsize::new(0);
    for (start, byte, told) in [
        ("", b'x', "from line 1 on, there are more than 4 MiB"),
        (
            "userId,code\na,IDU\nb,",
            b'x',
            "from line 3 on, there are more than 4 MiB",
        ),
        (
            "userId,code\na,IDU\n",
            b',',
            "from line 3 on, there are more than 4 MiB",
        ),
        (
            "userId,code\na,IDU\n",
            b'\n',
            "from line 3 on, there are more than 4 MiB",
        ),
        (
            "userId,code\na,\"two\nlines\"\nb,\"",
            b'\n',
            "line 4: a quote is opened here",
        ),
        (
            "userId,code\na,\"two\nlines\",\"\n",
            b'x',
            "line 3: a quote is opened here",
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
        assert!(error.starts_with(told), "{start}: {error}");
        let given = given.load(std::sync::atomic::Ordering::Relaxed);
        assert!(given < 6 * 1024 * 1024, "{start}: {given}");
    }
}
