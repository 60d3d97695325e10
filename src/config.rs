//! The configuration: the only reader of environment and files.
