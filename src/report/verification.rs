//! Whether users have what a file says: as a table, as JSON, and as a CSV.

use std::io::{self, Write};

use serde::Serialize;

use crate::humanize::count_of;
use crate::plan::{Change, PlannedChanges};
use crate::report::plan::code_names;
use crate::roster::UserIndex;
use crate::sanitize::escape_formula;

/// The schema's number: it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

/// docs/json.md describes its fields.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    schema: u32,
    input: String,
    /// Users with good rows.
    users: u64,
    as_requested: u64,
    lacking: u64,
    excess: u64,
    /// Users who were not checked, since they have a bad row.
    not_checked: u64,
    bad_rows: u64,
    differences: Vec<Difference>,
}

/// A user who does not have exactly what the file says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    user_id: String,
    /// The address by which the input names the user.
    email: Option<String>,
    line: u32,
    lacks: Vec<String>,
    excess: Vec<String>,
    /// The user has codes of the file with the other external flag.
    external_flag_differs: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    user_id: &'a str,
    email: &'a str,
    line: u32,
    lacks: String,
    excess: String,
    external_flag_differs: bool,
}

impl Verification {
    pub fn new(input: String, changes: &PlannedChanges) -> Self {
        let roster = &changes.roster;
        let users = roster.assignments.sendable_users();
        let differences = users.filter_map(|user| Difference::of(changes, user));
        let differences: Vec<_> = differences.collect();
        let count = |is_counted: fn(&Difference) -> bool| {
            differences
                .iter()
                .filter(|difference| is_counted(difference))
                .count() as u64
        };
        Self {
            schema: SCHEMA,
            input,
            users: roster.sendable_count as u64,
            as_requested: roster.sendable_count as u64 - differences.len() as u64,
            lacking: count(|difference| !difference.lacks.is_empty()),
            excess: count(|difference| !difference.excess.is_empty()),
            not_checked: roster.skipped.len() as u64,
            bad_rows: roster.bad_rows.len() as u64,
            differences,
        }
    }

    /// Whether everyone has exactly what the file says.
    pub fn is_as_requested(&self) -> bool {
        self.differences.is_empty() && self.bad_rows == 0
    }

    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let users = count_of(self.users, "user");
        writeln!(
            out,
            "{}: {} of {users} have exactly what the file says",
            self.input, self.as_requested
        )?;
        if self.bad_rows > 0 {
            let users = match self.not_checked {
                0 => String::new(),
                users => format!(" and {} with bad rows", count_of(users, "user")),
            };
            writeln!(
                out,
                "not checked: {}{users}",
                count_of(self.bad_rows, "bad row")
            )?;
        }
        if self.differences.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let widths = self
            .differences
            .iter()
            .map(|difference| difference.name().chars().count());
        let width = widths.max().unwrap_or(0).max("User".len());
        writeln!(out, "{:width$}  Line  Difference", "User")?;
        for difference in &self.differences {
            writeln!(
                out,
                "{:width$}  {:>4}  {}",
                difference.name(),
                difference.line,
                difference.text()
            )?;
        }
        Ok(())
    }

    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// A row for each user who does not have exactly what the file says.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        writer.write_record([
            "userId",
            "email",
            "line",
            "lacks",
            "excess",
            "externalFlagDiffers",
        ])?;
        for difference in &self.differences {
            writer.serialize(Row {
                user_id: &escape_formula(&difference.user_id),
                email: &escape_formula(difference.email.as_deref().unwrap_or_default()),
                line: difference.line,
                lacks: difference.lacks.join(";"),
                excess: difference.excess.join(";"),
                external_flag_differs: difference.external_flag_differs,
            })?;
        }
        writer.flush()
    }
}

impl Difference {
    fn of(changes: &PlannedChanges, user: UserIndex) -> Option<Self> {
        // Users whose licences are unknown are not there: the service lists every user who has any.
        let Change {
            gained,
            lost,
            external_flag_changes,
            ..
        } = changes.change(user)?;
        let is_as_requested = gained.is_empty() && lost.is_empty() && !external_flag_changes;
        let assignments = &changes.roster.assignments;
        (!is_as_requested).then(|| Self {
            user_id: assignments.user_id(user).to_string(),
            email: assignments.email(user).map(str::to_owned),
            line: assignments.line(user),
            lacks: code_names(changes, &gained),
            excess: code_names(changes, &lost),
            external_flag_differs: external_flag_changes,
        })
    }

    /// The user as people know it.
    fn name(&self) -> &str {
        self.email.as_ref().unwrap_or(&self.user_id)
    }

    fn text(&self) -> String {
        let mut parts = Vec::new();
        if !self.lacks.is_empty() {
            parts.push(format!("lacks {}", self.lacks.join(";")));
        }
        if !self.excess.is_empty() {
            parts.push(format!("has too many: {}", self.excess.join(";")));
        }
        if self.external_flag_differs {
            parts.push("has the other useExternalLicense".to_owned());
        }
        parts.join(", ")
    }
}
