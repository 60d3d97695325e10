//! Logs: readable on a terminal, JSON elsewhere.
