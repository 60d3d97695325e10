//! From a notice to Block Kit.
