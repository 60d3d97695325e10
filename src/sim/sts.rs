//! STS: who the caller is.

use serde_json::{Map, Value};

use super::actions::{Answer, Asked};
use super::fleet::Fleet;
use super::show::ACCOUNT;

/// The user that the keys belong to, and the role of the temporary ones.
const USER: &str = "100000000002";
const ROLE: &str = "4611686018427397919";

/// `GetCallerIdentity`. A temporary credential belongs to a role, any other key to a user of the account.
///
/// # Errors
/// `UnknownParameter`: it takes none.
pub(super) fn get_caller_identity(_: &mut Fleet, asked: &Asked<'_>) -> Answer {
    asked.body.params(&[])?;
    let session = &asked.key.secret_id;
    let (kind, user, arn) = if asked.key.token.is_some() {
        let arn = format!("qcs::sts:{ACCOUNT}:assumed-role/{ROLE}");
        ("CAMRole", format!("{ROLE}:{session}"), arn)
    } else {
        ("CAMUser", USER.to_owned(), format!("qcs::cam:{ACCOUNT}:uin/{USER}"))
    };
    let fields =
        [("Type", kind), ("AccountId", ACCOUNT), ("UserId", &user), ("PrincipalId", USER), ("Arn", &arn)];
    Ok(fields.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect::<Map<_, _>>())
}
