//! The signature check.
