//! The folders of files that are done, and names in them: nothing is ever overwritten.

use jiff::Timestamp;

use crate::run::safe_file_name;

/// The folder of a file that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetFolder {
    Done,
    Attention,
    Duplicates,
}

impl TargetFolder {
    pub const ALL: [Self; 3] = [Self::Done, Self::Attention, Self::Duplicates];

    pub fn folder(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Attention => "attention",
            Self::Duplicates => "duplicates",
        }
    }
}

/// A name for the folder of a file that is claimed now.
pub fn job_folder_name(stem: &str, now: Timestamp, is_taken: impl Fn(&str) -> bool) -> String {
    let name = format!("{}-{}", safe_file_name(stem), now.strftime("%Y%m%d-%H%M%S"));
    unused_name(&name, is_taken)
}

/// The name, with a number after it if it is taken.
pub fn unused_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (2_u64..)
        .map(|next| format!("{name}-{next}"))
        .find(|name| !is_taken(name))
        .expect("there are more numbers than folders")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_folder_is_named_after_its_file_and_the_time() {
        let now = "2026-11-24T10:15:00Z".parse().unwrap();
        assert_eq!(
            job_folder_name("HR drop 3", now, |_| false),
            "HR-drop-3-20261124-101500"
        );
        let taken = ["HR-drop-3-20261124-101500", "HR-drop-3-20261124-101500-2"];
        assert_eq!(
            job_folder_name("HR drop 3", now, |name| taken.contains(&name)),
            "HR-drop-3-20261124-101500-3"
        );
    }

    proptest! {
        #[test]
        fn no_name_is_given_twice(wanted in prop::collection::vec("[ab](-2)?", 0..20)) {
            let mut taken = HashSet::new();
            for name in wanted {
                let free = unused_name(&name, |name| taken.contains(name));
                prop_assert!(free.starts_with(&name));
                prop_assert!(taken.insert(free));
            }
        }
    }
}
