//! The simulated fleet: a pure state machine, moved by `advance(now)`.
