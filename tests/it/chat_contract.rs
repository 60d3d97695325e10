//! What every platform must do.
