//! The audit log: an RFC 6962 Merkle tree over entries that are kept as the exact bytes that were hashed.

pub mod entry;
pub mod merkle;
pub mod verify;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What every entry of one deployment's log carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `[audit] origin`: names the log.
    pub log: String,
    /// The build that wrote the entry.
    pub build: String,
}

/// The log's head: what the next append needs. Kept in the store's head row and moved in the same transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are.
    pub size: u64,
    /// The compact range: one hash per set bit of `size`, largest subtree first.
    pub range: Vec<[u8; 32]>,
    /// Hash of the newest policy in the log.
    pub policy: String,
    /// When the newest entry was written.
    pub at: Option<Timestamp>,
}

/// Where an entry stands: its position and the root of the tree that ends with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    pub seq: u64,
    pub root: [u8; 32],
}
