//! What an error code means for the disk. Pure.
//!
//! Tencent documents no "executed or not". Answers of validation, authorisation, state and rate checks come before
//! anything is begun; internal errors may come after. What is not known to be a no is no no.

/// Codes after which it is not known whether the reset was begun.
const UNKNOWN: [&str; 6] = [
    "FailedOperation",
    "InternalError",
    "InternalError.TradeUnknownError",
    "InternalServerError",
    "ResponseSizeLimitExceeded",
    "ServiceUnavailable",
];

/// Published codes of a definite no that no prefix below covers.
const REFUSED: [&str; 14] = [
    "ActionOffline",
    "DryRunOperation",
    "FailedOperation.InvalidInstanceApplicationRoleEmr",
    "IpInBlacklist",
    "IpNotInWhitelist",
    "NoSuchProduct",
    "NoSuchVersion",
    "RequestSizeLimitExceeded",
    "ResourceInUse",
    "ResourceInsufficient",
    "ResourceInsufficient.CloudDiskSoldOut",
    "ResourceUnavailable",
    "ResourcesSoldOut.SpecifiedInstanceType",
    "UnknownParameter",
];

/// Families of a definite no, for codes that are not published.
const REFUSED_FAMILIES: [&str; 10] = [
    "AuthFailure",
    "Invalid",
    "LimitExceeded",
    "Missing",
    "MutexOperation",
    "OperationDenied",
    "RequestLimitExceeded",
    "ResourceNotFound",
    "UnauthorizedOperation",
    "Unsupported",
];

/// Whether `code` proves that the call did nothing.
pub fn is_refusal(code: &str) -> bool {
    if UNKNOWN.contains(&code) {
        return false;
    }
    REFUSED.contains(&code) || REFUSED_FAMILIES.iter().any(|family| code.starts_with(family))
}

/// What to do next, in words; empty where the code alone does not tell.
pub fn advice(code: &str) -> &'static str {
    match code {
        "MissingParameter" => {
            "The request lacked a parameter: this is a mistake of this program. Report it with the RequestId."
        }
        "InvalidInstanceId.NotFound" => {
            "The account has no such instance in this region. Check the id and `[cloud] regions`."
        }
        "InvalidInstanceId.Malformed" => {
            "The instance id does not have the right shape; `lhins-` and `ein-` ids belong to other products."
        }
        "InvalidParameterValue" => {
            "One of the values is not accepted. Read Tencent's own words, change the command, ask again."
        }
        "InvalidInstance.NotSupported" => {
            "This machine cannot be reinstalled through the API. Use the console, or build a new machine."
        }
        "InternalServerError" => "Tencent Cloud failed inside; a ticket with the RequestId can settle it.",
        _ if code.starts_with("RequestLimitExceeded") => {
            "Too many calls at once; this request wiped nothing. Ask again in a minute."
        }
        _ if code.starts_with("MutexOperation") || code == "OperationDenied.InstanceOperationInProgress" => {
            "Another operation is running on it; this request wiped nothing. Look who is working on the machine, then ask again."
        }
        "AuthFailure.SignatureExpire" => {
            "The clock of this program's host is more than five minutes off. Set it, then ask again."
        }
        _ if code.starts_with("AuthFailure") => {
            "The API key is wrong, disabled or expired. Check the cloud secret, then ask again."
        }
        _ if code.starts_with("UnauthorizedOperation") => {
            "The API key may not do this. Compare its CAM policy with the instance, the image, the key pair and the system disk."
        }
        _ if code.starts_with("InvalidAccount") => {
            "The account cannot pay for the bigger disk. Top up or settle open orders, or leave the size out."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_code_means_what_the_table_says() {
        let table = include_str!("../../tests/fixtures/errors.csv");
        let mut seen = 0;
        for line in table.lines().skip(1) {
            let code = line.split(',').next().unwrap();
            let refused = line.contains(",definitely not executed,");
            assert_ne!(refused, line.contains(",unknown,"), "{line}");
            assert_eq!(is_refusal(code), refused, "{code}");
            seen += 1;
        }
        assert_eq!(seen, 102);
    }

    #[test]
    fn what_is_not_known_is_not_a_no() {
        for code in ["", "Invented", "InternalError.Other", "FailedOperation.Other", "ServiceUnavailable.X"] {
            assert!(!is_refusal(code), "{code}");
        }
        assert!(is_refusal("InvalidParameterValue.Invented"));
    }

    #[test]
    fn the_six_errors_of_the_api_page_have_advice() {
        let page = [
            "MissingParameter",
            "InvalidInstanceId.NotFound",
            "InvalidInstanceId.Malformed",
            "InvalidParameterValue",
            "InvalidInstance.NotSupported",
            "InternalServerError",
        ];
        for code in page {
            assert!(!advice(code).is_empty(), "{code}");
        }
    }
}
