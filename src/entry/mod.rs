//! The shells: they read the clock, run the loops and own the sockets.

mod driver;
pub mod lambda;
pub mod server;
