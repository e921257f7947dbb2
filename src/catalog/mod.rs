//! The catalog of user bundle codes, from the vendor's table of licensing product codes.

mod cell;

pub use cell::CellError;

/// One user bundle code and the name that the vendor gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The code as a request carries it, such as `ATTUNU`.
    pub code: &'static str,
    /// The vendor's name, such as `Attended - Named User`.
    pub name: &'static str,
}

const fn entry(code: &'static str, name: &'static str) -> Entry {
    Entry { code, name }
}

/// Every known code, in alphabetical order (API.md, "User bundle codes").
pub const ENTRIES: [Entry; 15] = [
    entry("ACCU", "Action Center - Multiuser"),
    entry("ACNU", "Action Center - Named User"),
    entry("AKIT", "Automation Express"),
    entry("ATTUCU", "Attended - Multiuser"),
    entry("ATTUNU", "Attended - Named User"),
    entry("CTZDEVCU", "Citizen Developer - Multiuser"),
    entry("CTZDEVNU", "Citizen Developer - Named User"),
    entry("IDU", "Insights Designer Users"),
    entry("PMBU", "Process Mining Business User"),
    entry("PMD", "Process Mining Developer"),
    entry("RPADEVCU", "RPA Developer - Multiuser"),
    entry("RPADEVNU", "RPA Developer - Named User"),
    entry("RPADEVPROCU", "Automation Developer - Multiuser"),
    entry("RPADEVPRONU", "Automation Developer - Named User"),
    entry("TSTNU", "Tester - Named User"),
];

/// The entry of a code, whatever its case.
pub fn find(code: &str) -> Option<&'static Entry> {
    ENTRIES
        .iter()
        .find(|entry| entry.code.eq_ignore_ascii_case(code))
}

/// The codes that an import accepts: those of the vendor's table, and those of `--allow-code`.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    allowed: Vec<String>,
    /// What the service lists is a code, whether the table has it or not.
    is_open: bool,
}

impl Catalog {
    /// The vendor's table and these codes.
    pub fn with_extra_codes(codes: &[String]) -> Self {
        Self {
            allowed: codes.to_vec(),
            is_open: false,
        }
    }

    /// For what the service lists: every text is a code.
    pub fn of_any_code() -> Self {
        Self {
            allowed: Vec::new(),
            is_open: true,
        }
    }

    /// The code for a text, which may be the code or the vendor's name of it.
    pub fn find<'a>(&'a self, written: &'a str) -> Option<&'a str> {
        let written = written.trim();
        let is_written = |code: &&String| code.eq_ignore_ascii_case(written);
        if let Some(entry) = find(written) {
            return Some(entry.code);
        }
        if let Some(code) = self.allowed.iter().find(is_written) {
            return Some(code);
        }
        let name = normalized_name(written);
        ENTRIES
            .iter()
            .find(|entry| normalized_name(entry.name) == name)
            .map(|entry| entry.code)
            .or(self.is_open.then_some(written))
    }

    /// Whether a cell contains only codes, with any separators.
    pub fn is_list(&self, cell: &str) -> bool {
        self.codes_in(cell).is_ok_and(|codes| !codes.is_empty())
    }

    /// The code that is most similar to an unknown one, if any is similar enough.
    pub fn suggest(&self, unknown: &str) -> Option<&str> {
        let unknown = unknown.to_ascii_uppercase();
        let allowed = self.allowed.iter().map(String::as_str);
        ENTRIES
            .iter()
            .map(|entry| entry.code)
            .chain(allowed)
            .map(|code| (strsim::damerau_levenshtein(&unknown, code), code))
            .min()
            .filter(|&(distance, code)| distance <= 2 && distance * 2 < code.len())
            .map(|(_, code)| code)
    }
}

/// What a row asks for that takes everything from its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The user's direct allocation ends: what groups give it applies again.
    Remove,
    /// The user is allocated nothing, which also blocks what groups would give.
    Nothing,
}

impl Removal {
    /// The removal that a cell asks for in place of codes.
    pub fn parse(cell: &str) -> Option<Self> {
        match cell.trim().to_ascii_lowercase().as_str() {
            "remove" => Some(Self::Remove),
            "none" | "-" => Some(Self::Nothing),
            _ => None,
        }
    }

    /// As it stands in place of a code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Nothing => "none",
        }
    }
}

/// A name without what programs and people change in it: case, blanks, and dashes.
fn normalized_name(name: &str) -> String {
    let kept = name.chars().filter(|character| character.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_whatever_its_case() {
        assert_eq!(
            find("attunu").map(|entry| entry.name),
            Some("Attended - Named User")
        );
        assert_eq!(find("ATTUN"), None);
    }

    #[test]
    fn a_slip_of_the_keyboard_is_recognised_and_noise_is_not() {
        let catalog = Catalog::with_extra_codes(&["NEWBOTNU".to_owned()]);
        assert_eq!(catalog.suggest("RPADEVUN"), Some("RPADEVNU"));
        assert_eq!(catalog.suggest("attunuu"), Some("ATTUNU"));
        assert_eq!(catalog.suggest("NEWBOTUN"), Some("NEWBOTNU"));
        assert_eq!(catalog.suggest("OFFICE365"), None);
        assert_eq!(catalog.suggest("XX"), None);
    }

    #[test]
    fn a_code_is_also_found_by_the_vendors_name_and_by_what_was_allowed() {
        let catalog = Catalog::with_extra_codes(&["NewBotNU".to_owned()]);
        for name in [
            "Attended - Named User",
            "attended – named  user",
            "ATTENDED\u{a0}- NAMED USER ",
            "attunu",
        ] {
            assert_eq!(catalog.find(name), Some("ATTUNU"), "{name}");
        }
        assert_eq!(catalog.find("newbotnu"), Some("NewBotNU"));
        assert_eq!(catalog.find("Attended"), None);
        assert_eq!(Catalog::default().find("NewBotNU"), None);
    }
}
