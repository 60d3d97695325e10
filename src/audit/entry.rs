//! One audit entry: its canonical bytes, written once and stored as hashed.
