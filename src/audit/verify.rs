//! What an outsider checks: bytes, tree, replay.
