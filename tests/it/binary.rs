//! The real executable.
