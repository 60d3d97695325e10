//! The HTTP client: one for reading, a fresh connection for the wipe.
