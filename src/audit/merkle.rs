//! RFC 6962 hashing and the compact range.
