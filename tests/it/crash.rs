//! Die at every step.
