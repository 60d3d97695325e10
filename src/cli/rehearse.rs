//! One request through the real code, on simulated platforms.
