//! Refusals as Discord words them, and the list of everything that is wrong with a body.
//! Source: "Opcodes and Status Codes" and "Error Messages" of the API reference.

use std::ops::RangeInclusive;

use http::StatusCode;
use serde_json::{Value, json};

/// A refusal: the HTTP status and the body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Refused {
    /// A documented JSON error code; `None` where this simulator knows none such.
    pub(super) fn known(code: u64) -> Option<Self> {
        let (status, message) = match code {
            10002 => (404, "Unknown Application"),
            10003 => (404, "Unknown Channel"),
            10004 => (404, "Unknown Guild"),
            10007 => (404, "Unknown Member"),
            10008 => (404, "Unknown Message"),
            10013 => (404, "Unknown User"),
            10015 => (404, "Unknown Webhook"),
            10062 => (404, "Unknown interaction"),
            40060 => (400, "Interaction has already been acknowledged."),
            40333 => (403, "internal network error"),
            50001 => (403, "Missing Access"),
            50005 => (403, "Cannot edit a message authored by another user"),
            50006 => (400, "Cannot send an empty message"),
            50007 => (403, "Cannot send messages to this user"),
            50013 => (403, "Missing Permissions"),
            50027 => (401, "Invalid Webhook Token"),
            50033 => (400, "Invalid Recipient(s)"),
            50035 => (400, "Invalid Form Body"),
            50109 => (400, "The request body contains invalid JSON."),
            160_002 => (400, "Cannot reply without permission to read message history"),
            _ => return None,
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Some(Self { status, body: json!({ "message": message, "code": code }) })
    }

    /// A refusal that has no code of its own: `401: Unauthorized`.
    pub(super) fn plain(status: StatusCode) -> Self {
        Self { status, body: json!({ "message": status.to_string().replacen(' ', ": ", 1), "code": 0 }) }
    }
}

/// Shorthand for a code of the table above.
pub(super) fn refused(code: u64) -> Refused {
    Refused::known(code).expect("the codes that are answered here are in the table")
}

/// All that is wrong with one body. A path is written `components.0.components.1.label`; `""` is the body itself.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, &'static str, String)>);

impl Form {
    pub(super) fn fault(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.0.push((path.to_owned(), code, message.into()));
    }

    pub(super) fn missing(&mut self, path: &str) {
        self.fault(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// Checks a text that may be left out; lengths in characters.
    pub(super) fn text(&mut self, path: &str, value: &Value, lengths: RangeInclusive<usize>) {
        let (min, max) = (*lengths.start(), *lengths.end());
        match value.as_str().map(|text| text.chars().count()) {
            None if value.is_null() => {}
            None => {
                self.fault(
                    path,
                    "STRING_TYPE_CONVERT",
                    format!("Could not interpret \"{value}\" as string."),
                );
            }
            Some(length) if lengths.contains(&length) => {}
            Some(_) if min == 0 => {
                self.fault(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
            }
            Some(_) => {
                self.fault(
                    path,
                    "BASE_TYPE_BAD_LENGTH",
                    format!("Must be between {min} and {max} in length."),
                );
            }
        }
    }

    pub(super) fn required_text(&mut self, path: &str, value: &Value, lengths: RangeInclusive<usize>) {
        if value.is_null() {
            self.missing(path);
        } else {
            self.text(path, value, lengths);
        }
    }

    /// The elements of a list that may be left out.
    pub(super) fn list<'a>(&mut self, path: &str, value: &'a Value, max: usize) -> &'a [Value] {
        match value.as_array() {
            Some(list) if list.len() > max => {
                self.fault(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
            }
            Some(list) => return list,
            None if value.is_null() => {}
            None => self.fault(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
        }
        &[]
    }

    /// Checks a whole number that may be left out.
    pub(super) fn number(&mut self, path: &str, value: &Value, allowed: RangeInclusive<u64>) {
        if !value.is_null() && !value.as_u64().is_some_and(|number| allowed.contains(&number)) {
            let (min, max) = allowed.into_inner();
            self.fault(path, "BASE_TYPE_CHOICES", format!("Value must be from {min} to {max}."));
        }
    }

    pub(super) fn snowflake(&mut self, path: &str, value: &Value) {
        if !value.as_str().is_some_and(is_snowflake) {
            self.fault(path, "NUMBER_TYPE_COERCE", format!("Value {value} is not snowflake."));
        }
    }

    /// # Errors
    /// Where anything is wrong: 50035 with all of it.
    pub(super) fn done(self) -> Result<(), Refused> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut refused = refused(50035);
        for (path, code, message) in self.0 {
            let keys = path.split('.').filter(|key| !key.is_empty());
            let place = keys.fold(&mut refused.body["errors"], |place, key| &mut place[key]);
            let errors = &mut place["_errors"];
            let mut listed = errors.as_array().cloned().unwrap_or_default();
            listed.push(json!({ "code": code, "message": message }));
            *errors = listed.into();
        }
        Err(refused)
    }
}

pub(super) fn is_snowflake(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
