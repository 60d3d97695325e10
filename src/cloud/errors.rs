//! What an error code means for the disk. Pure.
