//! Whole requests, through the front door.
