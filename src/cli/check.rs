//! Configuration and policy, offline.
