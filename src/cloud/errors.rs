//! What an error code means for the disk, and what to do next. Pure. The codes are in `errors.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What one code means, in sentences.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "(String, String)")]
pub struct Meaning {
    pub what: String,
    /// What to do next.
    pub advice: String,
}

impl From<(String, String)> for Meaning {
    fn from((what, advice): (String, String)) -> Self {
        Self { what, advice }
    }
}

/// A code, as far as the disk is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The call did nothing.
    Refused(&'static Meaning),
    /// It may have begun. `None`: the code is not a published one.
    Unknown(Option<&'static Meaning>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    passing: Vec<String>,
    parameters: Vec<String>,
    refused: BTreeMap<String, Meaning>,
    unknown: BTreeMap<String, Meaning>,
    families: BTreeMap<String, Meaning>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("errors.toml")).expect("the table is part of the program"));

/// What `code` means. What is not known to be a no is no no.
pub fn verdict(code: &str) -> Verdict {
    let table = &*TABLE;
    if let Some(meaning) = table.unknown.get(code) {
        return Verdict::Unknown(Some(meaning));
    }
    let family =
        || table.families.iter().find(|(start, _)| code.starts_with(*start)).map(|(_, family)| family);
    table.refused.get(code).or_else(family).map_or(Verdict::Unknown(None), Verdict::Refused)
}

/// Whether the code says that the key is not, or no more, the right one: 4100 is the legacy API's.
pub fn is_of_the_key(code: &str) -> bool {
    let one = |of: &str| code.strip_prefix("AuthFailure.") == Some(of);
    code == "4100"
        || ["InvalidSecretId", "SecretIdNotFound", "SignatureFailure", "TokenFailure"].into_iter().any(one)
}

/// Whether a read that was answered so may succeed when it is made again soon.
pub fn is_passing(code: &str) -> bool {
    TABLE.passing.iter().any(|start| code.starts_with(start))
}

/// What `code` means when the price of a reset is answered with it and the reset itself would be, too; `None`: it says
/// nothing about the reset.
pub fn forbids(code: &str) -> Option<&'static Meaning> {
    let table = &*TABLE;
    table.refused.get(code).filter(|_| table.parameters.iter().any(|start| code.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the published table `text` and ours agree on every code. Gives how many there are.
    fn agrees(text: &str) -> usize {
        let rows = text.lines().skip(1).map(|line| {
            let refused = line.contains(",definitely not executed,");
            assert_ne!(refused, line.contains(",unknown,"), "{line}");
            (line.split(',').next().unwrap(), refused)
        });
        rows.map(|(code, refused)| {
            let listed = if refused { &TABLE.refused } else { &TABLE.unknown };
            assert!(listed.contains_key(code), "{code}");
            assert_eq!(matches!(verdict(code), Verdict::Refused(_)), refused, "{code}");
        })
        .count()
    }

    #[test]
    fn the_table_is_the_published_lists_and_nothing_else() {
        let names = agrees(include_str!("../../tests/fixtures/errors.csv"));
        let numbers = agrees(include_str!("../../tests/fixtures/errors_legacy_numeric.csv"));
        assert_eq!((names, numbers), (102, 23));
        assert_eq!(TABLE.refused.len() + TABLE.unknown.len(), names + numbers);
    }

    #[test]
    fn every_text_can_be_read_at_three_in_the_morning() {
        let table = &*TABLE;
        let all = table.refused.iter().chain(&table.unknown).chain(&table.families);
        for (code, Meaning { what, advice }) in all {
            for text in [what, advice] {
                assert!(text.ends_with('.') && text.chars().count() <= 200, "{code}: {text}");
                assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{code}: {text}");
            }
        }
        for (code, Meaning { what, advice }) in &table.unknown {
            let text = format!("{what} {advice}").to_lowercase();
            assert!(!text.contains("nothing") || text.contains("nothing is bought twice"), "{code}: {text}");
            assert!(text.contains("treat the disk as lost") && !text.contains("ask again"), "{code}: {text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_a_no() {
        for code in
            ["", "Invented", "InternalError.Other", "FailedOperation.Other", "ServiceUnavailable.X", "4999"]
        {
            assert_eq!(verdict(code), Verdict::Unknown(None), "{code}");
        }
        for code in
            ["InvalidParameterValue.Invented", "UnsupportedOperation.Invented", "OperationDenied.Invented"]
        {
            assert!(matches!(verdict(code), Verdict::Refused(_)), "{code}");
        }
    }

    #[test]
    fn a_read_is_made_again_only_where_that_can_help() {
        for code in ["RequestLimitExceeded.UinLimitExceeded", "InternalError.TradeUnknownError", "6000"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["AuthFailure.SecretIdNotFound", "UnsupportedRegion", "4100", "Invented"] {
            assert!(!is_passing(code), "{code}");
        }
    }

    #[test]
    fn the_price_forbids_a_reset_only_by_codes_that_the_reset_has() {
        for code in ["InvalidImageId.NotFound", "InvalidAccount.InsufficientBalance", "InvalidParameterValue"]
        {
            assert!(forbids(code).is_some(), "{code}");
        }
        let nothing_of_the_reset = [
            "FailedOperation.InquiryPriceFailed",
            "ResourceInsufficient.CloudDiskUnavailable",
            "InvalidParameterValue.InvalidImageOsName",
            "UnauthorizedOperation",
            "AuthFailure.UnauthorizedOperation",
            "RequestLimitExceeded",
            "InternalError",
            "UnknownParameter",
        ];
        for code in nothing_of_the_reset {
            assert_eq!(forbids(code), None, "{code}");
        }
        for start in &TABLE.parameters {
            assert!(TABLE.refused.keys().any(|code| code.starts_with(start)), "{start}");
        }
    }
}
