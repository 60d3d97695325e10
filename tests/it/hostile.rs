//! Forged, replayed, doubled, garbled.
