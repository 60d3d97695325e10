//! SQLite: one writer connection on its own thread, separate readers.
