//! The shells: they read the clock, run the loops and own the sockets.

pub mod server;
