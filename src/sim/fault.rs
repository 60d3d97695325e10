//! What can go wrong with one call.
