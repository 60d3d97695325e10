//! One audit entry: its canonical bytes, written once and stored as hashed.
//!
//! The form is RFC 8785 for the subset that occurs: sorted keys, no white space, integers only, times in RFC 3339
//! UTC. `serde_json` writes exactly that from a `Value`, whose maps are sorted.

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::domain::id::{InstanceId, RequestId};
use crate::domain::request::Fact;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub v: u8,
    pub seq: u64,
    /// The log's name: an entry cannot be moved to another deployment's log.
    pub log: String,
    /// The build that wrote it.
    pub build: String,
    /// Hash of the policy in force.
    pub policy: String,
    pub request: Option<RequestId>,
    pub instance: Option<InstanceId>,
    /// The seq of the request's entry before this one.
    pub cause: Option<u64>,
    pub fact: Fact,
}

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    #[error("it is not an entry: {0}")]
    Unreadable(String),
    #[error("it is not in canonical form")]
    NotCanonical,
}

/// What an entry is about, beside its fact.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub policy: String,
    pub request: Option<RequestId>,
    pub instance: Option<InstanceId>,
    pub cause: Option<u64>,
}

impl Entry {
    pub const VERSION: u8 = 1;

    pub fn new(seq: u64, origin: &Origin, about: About, fact: Fact) -> Self {
        let Origin { log, build } = origin.clone();
        let About { policy, request, instance, cause } = about;
        Self { v: Self::VERSION, seq, log, build, policy, request, instance, cause, fact }
    }

    /// The bytes that are hashed and stored.
    pub fn encode(&self) -> Vec<u8> {
        let value = serde_json::to_value(self).expect("an entry has string keys and no floats");
        value.to_string().into_bytes()
    }

    /// # Errors
    /// When the bytes are not an entry, or could be spelled in another way.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEntry> {
        let entry: Self =
            serde_json::from_slice(bytes).map_err(|why| BadEntry::Unreadable(why.to_string()))?;
        if entry.encode() == bytes { Ok(entry) } else { Err(BadEntry::NotCanonical) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::request::Event;

    fn entry() -> Entry {
        let fact = Fact {
            at: Timestamp::from_millisecond(1_764_000_000_123).unwrap(),
            by: None,
            event: Event::Expired,
        };
        let origin = Origin { log: "example/prod".to_owned(), build: "0.1.0".to_owned() };
        Entry::new(7, &origin, About { policy: "ab".to_owned(), cause: Some(3), ..About::default() }, fact)
    }

    #[test]
    fn the_bytes_are_sorted_and_compact() {
        let text = String::from_utf8(entry().encode()).unwrap();
        insta::assert_snapshot!(text, @r#"{"build":"0.1.0","cause":3,"fact":{"at":"2025-11-24T16:00:00.123Z","by":null,"event":{"type":"expired"}},"instance":null,"log":"example/prod","policy":"ab","request":null,"seq":7,"v":1}"#);
        assert_eq!(Entry::decode(text.as_bytes()), Ok(entry()));
    }

    #[test]
    fn another_spelling_is_refused() {
        let text = String::from_utf8(entry().encode()).unwrap();
        assert!(Entry::decode(text.replace(':', ": ").as_bytes()).is_err());
        assert_eq!(
            Entry::decode(text.replace("\"v\":1", "\"v\":1,\"x\":2").as_bytes()),
            Err(BadEntry::NotCanonical)
        );
        assert!(matches!(Entry::decode(b"{}"), Err(BadEntry::Unreadable(_))));
    }
}
