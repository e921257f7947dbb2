//! The user bundle codes that the vendor's table of licensing product codes lists.

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

/// Every code that is known, by code (API.md, "User bundle codes").
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

/// The code that someone who wrote `unknown` most likely meant, if one is near enough.
pub fn suggest(unknown: &str) -> Option<&'static str> {
    let unknown = unknown.to_ascii_uppercase();
    ENTRIES
        .iter()
        .map(|entry| {
            (
                strsim::damerau_levenshtein(&unknown, entry.code),
                entry.code,
            )
        })
        .min()
        .filter(|&(distance, code)| distance <= 2 && distance * 2 < code.len())
        .map(|(_, code)| code)
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
        assert_eq!(suggest("RPADEVUN"), Some("RPADEVNU"));
        assert_eq!(suggest("attunuu"), Some("ATTUNU"));
        assert_eq!(suggest("OFFICE365"), None);
        assert_eq!(suggest("XX"), None);
    }
}
