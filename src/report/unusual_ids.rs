//! User IDs unlike all others: a number or a word among GUIDs is hardly a user.

use serde::Serialize;

use crate::humanize::count_of;
use crate::roster::Assignments;
use crate::sanitize::printable;
use crate::user_id::UserKey;

/// How many of them are named.
const MAX_NAMED: usize = 5;

/// Users that are not named by GUIDs, where most are. docs/json.md describes its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnusualIds {
    pub count: u64,
    /// The first of them.
    pub first: Vec<UnusualId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnusualId {
    pub user_id: String,
    pub line: u32,
}

impl UnusualIds {
    /// `None` if there are none, or too many to be mistakes: at least two GUIDs must stand against each.
    pub fn of(assignments: &Assignments) -> Option<Self> {
        let mut unusual = Self {
            count: 0,
            first: Vec::new(),
        };
        for user in assignments.sendable_users() {
            let user_id = assignments.user_id(user);
            if matches!(user_id.key(), UserKey::Guid(_)) {
                continue;
            }
            unusual.count += 1;
            if unusual.first.len() < MAX_NAMED {
                unusual.first.push(UnusualId {
                    user_id: user_id.to_string(),
                    line: assignments.line(user),
                });
            }
        }
        let all = assignments.sendable_users().count() as u64;
        (unusual.count > 0 && unusual.count * 3 <= all).then_some(unusual)
    }

    pub fn warning(&self) -> String {
        let named = self.first.iter().map(|unusual| {
            let user_id = printable(&unusual.user_id, 40);
            format!("\"{user_id}\" (line {})", unusual.line)
        });
        let named: Vec<_> = named.collect();
        let more = if self.count > named.len() as u64 {
            ", …"
        } else {
            ""
        };
        format!(
            "warning: {} no GUID, unlike the others: {}{more}\n  hint: check that these are users, and that no ID was cut or changed",
            match self.count {
                1 => "1 user ID is".to_owned(),
                count => format!("{} are", count_of(count, "user ID")),
            },
            named.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::tests::roster;

    fn unusual(ids: &[&str]) -> Option<UnusualIds> {
        let rows: String = ids.iter().map(|id| format!("{id},IDU\n")).collect();
        UnusualIds::of(&roster(&format!("userId,code\n{rows}")).assignments)
    }

    #[test]
    fn a_number_among_guids_is_unusual_and_a_file_without_guids_has_nothing_unusual() {
        let guids = [
            "0f8fad5b-d9cb-469f-a165-708677289501",
            "{1F8FAD5B-D9CB-469F-A165-708677289502}",
        ];
        assert_eq!(unusual(&guids), None);
        let found = unusual(&[guids[0], "12345", guids[1]]).unwrap();
        assert_eq!(
            found.warning(),
            "warning: 1 user ID is no GUID, unlike the others: \"12345\" (line 3)\n  hint: check that these are users, and that no ID was cut or changed"
        );
        assert_eq!(unusual(&["singer-77", guids[0]]), None);
        assert_eq!(unusual(&["singer-77", "singer-88"]), None);
    }
}
