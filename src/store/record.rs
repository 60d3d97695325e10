//! The stored form of a request: its facts, encoded as the audit log encodes them.
