//! What an event means: decide, commit, answer.
