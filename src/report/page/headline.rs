//! The sentence that matters, and what must be said beside it so that it is true.

use super::{Ending, Part};
use crate::humanize::duration::{duration, tenths};
use crate::humanize::{count, count_of};

/// What the sentence is made from: the whole run, its earlier parts included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users that the file asks for.
    pub total: u64,
    pub success: u64,
    /// Those of them who were not sent, since they held what they shall hold.
    pub held_already: u64,
    pub failed: u64,
    /// Failures that may have been applied all the same.
    pub maybe: u64,
    pub pending: u64,
    pub bad_rows: u64,
}

/// How many have their licences, and how many need attention.
pub fn sentence(counts: &Counts, is_sandbox: bool) -> String {
    let mut parts = vec![success(counts)];
    parts.extend(attention(counts));
    parts.extend((counts.pending > 0).then(|| {
        let who = match counts.bad_rows {
            0 => count(counts.pending),
            // After rows, a number alone would be one of rows.
            _ => count_of(counts.pending, "user"),
        };
        let verb = if counts.pending == 1 { "is" } else { "are" };
        format!("{who} {verb} not decided yet")
    }));
    let sentence = parts.join("; ");
    match is_sandbox {
        true => format!("In the stand-in: {sentence}"),
        false => sentence,
    }
}

fn success(counts: &Counts) -> String {
    let (total, all) = (count(counts.total), counts.success == counts.total);
    let held_already = all && counts.held_already == counts.total;
    let is_known = counts.maybe == 0;
    match (counts.total, counts.success) {
        (0, _) => "None of the file’s rows could be imported".to_owned(),
        (1, 1) if held_already => "The one user had its licences already".to_owned(),
        (1, 1) => "The one user has its licences".to_owned(),
        _ if held_already => format!("All {total} users had their licences already"),
        _ if all => format!("All {total} users have their licences"),
        (1, _) if is_known => "The one user has not got its licences".to_owned(),
        (1, _) => "The one user may or may not have its licences".to_owned(),
        (_, 0) if is_known => format!("None of {total} users has got its licences"),
        (_, 0) => format!("None of {total} users is known to have got its licences"),
        (_, 1) if is_known => format!("1 of {total} users has its licences"),
        (_, 1) => format!("1 of {total} users is known to have its licences"),
        (_, some) => {
            let verb = if is_known {
                "have"
            } else {
                "are known to have"
            };
            format!("{} of {total} users {verb} their licences", count(some))
        }
    }
}

fn attention(counts: &Counts) -> Option<String> {
    let who = match (counts.failed, counts.bad_rows) {
        (0, 0) => return None,
        (failed, 0) => count(failed),
        (0, bad_rows) => count_of(bad_rows, "bad row"),
        (failed, bad_rows) => format!(
            "{} and {}",
            count_of(failed, "user"),
            count_of(bad_rows, "bad row")
        ),
    };
    let verb = match counts.failed + counts.bad_rows {
        1 => "needs",
        _ => "need",
    };
    Some(format!("{who} {verb} attention"))
}

/// How the run ended, in a few words.
pub fn eyebrow(ending: Ending) -> &'static str {
    match ending {
        Ending::Finished => "Import finished",
        Ending::Interrupted => "Import interrupted",
        Ending::FirstDone => "First users done",
        Ending::Refused => "Import refused",
        Ending::StoppedEarly => "Import stopped early",
    }
}

/// What must be known to read the sentence rightly, a paragraph each.
pub fn remarks(counts: &Counts, is_sandbox: bool, part: &Part) -> Vec<String> {
    let mut remarks = Vec::new();
    if is_sandbox {
        remarks.push(
            "This was a rehearsal with the built-in stand-in for the service: nobody has got or lost a licence."
                .to_owned(),
        );
    }
    if counts.maybe > 0 && counts.total > 1 {
        remarks.push(format!(
            "{} of those who need attention may hold the licences all the same: nobody knows whether the service did what it was asked to do.",
            count(counts.maybe)
        ));
    }
    if counts.held_already > 0 {
        let verb = if counts.held_already == 1 {
            "was"
        } else {
            "were"
        };
        remarks.push(format!(
            "{} held exactly these licences before, as the file of --current says, and {verb} not sent.",
            count_of(counts.held_already, "user")
        ));
    }
    if part.sent == 0 {
        let whole = if part.is_last_of_several {
            " in the last part of the run"
        } else {
            ""
        };
        remarks.push(format!("Nothing was sent to the service{whole}."));
    }
    if part.is_last_of_several {
        remarks.push(format!(
            "This run was gone on with. Users are counted over the whole run; times, requests and waits are those of its last part, which took {} and decided {}.",
            duration(tenths(part.took)),
            count_of(part.decided, "user"),
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(success: u64, failed: u64, pending: u64) -> Counts {
        Counts {
            total: success + failed + pending,
            success,
            failed,
            pending,
            ..Counts::default()
        }
    }

    #[test]
    fn the_sentence_says_who_has_the_licences_and_who_needs_attention() {
        for (counts, said) in [
            (
                counts(9841, 159, 0),
                "9,841 of 10,000 users have their licences; 159 need attention",
            ),
            (counts(10_000, 0, 0), "All 10,000 users have their licences"),
            (counts(1, 0, 0), "The one user has its licences"),
            (
                counts(0, 1, 0),
                "The one user has not got its licences; 1 needs attention",
            ),
            (
                counts(1, 1, 0),
                "1 of 2 users has its licences; 1 needs attention",
            ),
            (
                counts(0, 0, 20),
                "None of 20 users has got its licences; 20 are not decided yet",
            ),
            (
                counts(500, 3, 1),
                "500 of 504 users have their licences; 3 need attention; 1 is not decided yet",
            ),
        ] {
            assert_eq!(sentence(&counts, false), said);
        }
    }

    #[test]
    fn bad_rows_are_told_beside_users_and_never_as_users() {
        let of = |counts: Counts, bad_rows| sentence(&Counts { bad_rows, ..counts }, false);
        assert_eq!(
            of(counts(119, 4, 0), 1),
            "119 of 123 users have their licences; 4 users and 1 bad row need attention"
        );
        assert_eq!(
            of(counts(10, 0, 0), 1),
            "All 10 users have their licences; 1 bad row needs attention"
        );
        assert_eq!(
            of(counts(8, 0, 2), 3),
            "8 of 10 users have their licences; 3 bad rows need attention; 2 users are not decided yet"
        );
        assert_eq!(
            of(Counts::default(), 12),
            "None of the file’s rows could be imported; 12 bad rows need attention"
        );
    }

    #[test]
    fn what_nobody_knows_is_not_told_as_known() {
        let of = |counts: Counts, maybe| sentence(&Counts { maybe, ..counts }, false);
        assert_eq!(
            of(counts(8, 2, 0), 1),
            "8 of 10 users are known to have their licences; 2 need attention"
        );
        assert_eq!(
            of(counts(0, 1, 0), 1),
            "The one user may or may not have its licences; 1 needs attention"
        );
        assert_eq!(
            of(counts(0, 2, 0), 2),
            "None of 2 users is known to have got its licences; 2 need attention"
        );
    }

    #[test]
    fn users_who_held_everything_already_have_not_got_it_from_this_run() {
        let held = Counts {
            held_already: 10,
            ..counts(10, 0, 0)
        };
        assert_eq!(
            sentence(&held, false),
            "All 10 users had their licences already"
        );
        let part = Part::default();
        assert_eq!(
            remarks(&held, false, &part),
            [
                "10 users held exactly these licences before, as the file of --current says, and were not sent.",
                "Nothing was sent to the service."
            ]
        );
    }

    #[test]
    fn a_rehearsal_gives_licences_in_the_stand_in_alone() {
        assert_eq!(
            sentence(&counts(3, 0, 0), true),
            "In the stand-in: All 3 users have their licences"
        );
        let told = remarks(
            &counts(3, 0, 0),
            true,
            &Part {
                sent: 1,
                ..Part::default()
            },
        );
        assert!(told[0].contains("nobody has got or lost a licence"));
    }
}
