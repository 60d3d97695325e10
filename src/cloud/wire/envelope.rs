//! What every answer stands in. Two forms: `{"Response": …}`, and the legacy API's `{"code": 4100, "codeDesc": …}`, which
//! speaks only when the call did not get as far as the other.

use serde_json::{Map, Value};

use super::TEXT_MAX;

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    Good {
        request_id: String,
        body: Value,
    },
    Error {
        /// `InvalidInstanceId.NotFound`, or a number of the legacy API's: `4100`.
        code: String,
        message: String,
        request_id: Option<String>,
    },
    /// Neither an error nor a `RequestId`, or not an envelope at all.
    Unreadable(&'static str),
}

pub fn read(bytes: &[u8]) -> Envelope {
    let Ok(Value::Object(mut outer)) = serde_json::from_slice(bytes) else {
        return Envelope::Unreadable("the answer was not complete JSON");
    };
    match outer.remove("Response") {
        Some(Value::Object(response)) => modern(response),
        Some(_) | None => legacy(&outer),
    }
}

fn modern(response: Map<String, Value>) -> Envelope {
    let request_id = text(response.get("RequestId"));
    match (response.get("Error").filter(|error| !error.is_null()), request_id) {
        (Some(error), request_id) => match text(error.get("Code")) {
            Some(code) => {
                Envelope::Error { code, message: text(error.get("Message")).unwrap_or_default(), request_id }
            }
            None => Envelope::Unreadable("the answer had an error without a code"),
        },
        (None, Some(request_id)) => Envelope::Good { request_id, body: response.into() },
        (None, None) => Envelope::Unreadable("the answer had neither an error nor a RequestId"),
    }
}

/// The code 0 is a yes; without a `RequestId` there is nothing to follow it up by.
fn legacy(outer: &Map<String, Value>) -> Envelope {
    let code = match outer.get("code") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.clone(),
        Some(_) | None => String::new(),
    };
    match code.as_str() {
        "" => Envelope::Unreadable("the answer had no Response in it"),
        "0" => Envelope::Unreadable("the answer was a yes without a RequestId"),
        _ => {
            let words = [text(outer.get("codeDesc")), text(outer.get("message"))];
            let message = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
            Envelope::Error { code, message, request_id: text(outer.get("requestId")) }
        }
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(|text| text.chars().take(TEXT_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str, request_id: Option<&str>) -> Envelope {
        let request_id = request_id.map(str::to_owned);
        Envelope::Error { code: code.to_owned(), message: message.to_owned(), request_id }
    }

    #[test]
    fn good_and_bad_news() {
        for good in [r#"{"Response":{"RequestId":"a"}}"#, r#"{"Response":{"Error":null,"RequestId":"a"}}"#] {
            assert!(matches!(read(good.as_bytes()), Envelope::Good { .. }), "{good}");
        }
        let refused = read(br#"{"Response":{"Error":{"Code":"C","Message":"m"},"RequestId":"a"}}"#);
        assert_eq!(refused, error("C", "m", Some("a")));
    }

    #[test]
    fn the_legacy_form_is_read_by_its_number() {
        let full = r#"{"code":4100,"codeDesc":"AuthFailure","message":"no such key"}"#;
        assert_eq!(read(full.as_bytes()), error("4100", "AuthFailure: no such key", None));
        assert_eq!(read(br#"{"code":"6000"}"#), error("6000", "", None));
        assert_eq!(read(br#"{"code":-1,"requestId":"a"}"#), error("-1", "", Some("a")));
    }

    #[test]
    fn what_proves_nothing_is_unreadable() {
        let nameless = r#"{"Response":{"Error":{"Message":"m"},"RequestId":"a"}}"#;
        for odd in [
            "",
            "{\"Respon",
            "[]",
            "{}",
            r#"{"Response":{}}"#,
            r#"{"Response":[]}"#,
            r#"{"Response":{"RequestId":""}}"#,
            nameless,
            r#"{"code":0,"codeDesc":"Success","message":""}"#,
            r#"{"code":"Success"}"#,
            r#"{"code":null}"#,
            r#"{"codeDesc":"InvalidParameter"}"#,
        ] {
            assert!(matches!(read(odd.as_bytes()), Envelope::Unreadable(_)), "{odd}");
        }
    }
}
