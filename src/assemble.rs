//! Puts the parts together: the only file that names every adapter.
